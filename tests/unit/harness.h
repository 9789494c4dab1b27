/*
 * What a unit test file in C sees. A file tests/unit/test_SUITE.c holds any number of
 *
 *	TEST(a_sentence_that_is_true)
 *	{
 *		EXPECT(condition);
 *		EXPECT_EQ(seen, wanted);
 *	}
 *
 * and main.cc runs each as the GoogleTest case SUITE.a_sentence_that_is_true. The cases stand in a
 * linker section, so nothing has to be registered by hand and no constructor runs.
 */
#ifndef TESTS_UNIT_HARNESS_H
#define TESTS_UNIT_HARNESS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct unit_test {
	const char *file; /* path of the source; the suite is its name without test_ and .c */
	const char *name;
	int line;
	void (*run)(void);
};

/* Each reports a failure and goes on when the values are not as wanted; true when they are. */
int unit_check(const char *file, int line, const char *text, int ok);
int unit_check_eq(const char *file, int line, const char *a_text, const char *b_text, uint64_t a,
		  uint64_t b);
int unit_check_str(const char *file, int line, const char *a_text, const char *a, const char *b);
/* A failure in the test's own words, printf-like. */
void unit_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#else

#define TEST(test_name)                                                                            \
	static void test_name(void);                                                               \
	static const struct unit_test unit_test_##test_name = {                                    \
		.file = __FILE__, .name = #test_name, .line = __LINE__, .run = test_name           \
	};                                                                                         \
	static const struct unit_test *const unit_entry_##test_name                                \
		__attribute__((used, section("unit_tests"))) = &unit_test_##test_name;             \
	static void test_name(void)

#define EXPECT(condition) unit_check(__FILE__, __LINE__, #condition, !!(condition))
/* Integers (or pointers) of any width, compared and printed as 64-bit values in hex. */
#define EXPECT_EQ(a, b)	  unit_check_eq(__FILE__, __LINE__, #a, #b, (uint64_t)(a), (uint64_t)(b))
#define EXPECT_STR(a, b)  unit_check_str(__FILE__, __LINE__, #a, (a), (b))
#define FAIL_TEST(...)	  unit_fail(__FILE__, __LINE__, __VA_ARGS__)
/* Leaves the test function (which returns void) when false. */
#define ASSERT(condition)                                                                          \
	do {                                                                                       \
		if (!EXPECT(condition))                                                            \
			return;                                                                    \
	} while (0)

#endif /* C */
#endif
