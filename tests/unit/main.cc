// Runs the tests that the C files of this folder declare with TEST() as GoogleTest cases. This is
// the only C++ file of the project; harness.h says what a test may call.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/unit/harness.h"

// The bounds of the section that TEST() fills; the linker makes both symbols (none without a test).
extern "C" const unit_test *const __start_unit_tests[] __attribute__((weak));
extern "C" const unit_test *const __stop_unit_tests[] __attribute__((weak));

namespace
{

class CTest : public testing::Test
{
      public:
	explicit CTest(const unit_test *test) : test_(test)
	{
	}
	void TestBody() override
	{
		test_->run();
	}

      private:
	const unit_test *test_;
};

std::string suite_of(const char *path)
{
	const char *slash = std::strrchr(path, '/');
	std::string name = slash ? slash + 1 : path;

	if (name.rfind("test_", 0) == 0)
		name.erase(0, 5);
	return name.substr(0, name.find('.'));
}

std::string hex(uint64_t value)
{
	char text[32];

	std::snprintf(text, sizeof text, "0x%" PRIx64, value);
	return text;
}

} // namespace

int unit_check(const char *file, int line, const char *text, int ok)
{
	if (!ok)
		ADD_FAILURE_AT(file, line) << "not true: " << text;
	return ok;
}

int unit_check_eq(const char *file, int line, const char *a_text, const char *b_text, uint64_t a,
		  uint64_t b)
{
	if (a != b)
		ADD_FAILURE_AT(file, line) << a_text << " is " << hex(a) << "\n"
					   << b_text << " is " << hex(b);
	return a == b;
}

int unit_check_str(const char *file, int line, const char *a_text, const char *a, const char *b)
{
	bool ok = a && b ? std::strcmp(a, b) == 0 : a == b;

	if (!ok)
		ADD_FAILURE_AT(file, line) << a_text << " is \"" << (a ? a : "(null)")
					   << "\"\nwanted \"" << (b ? b : "(null)") << "\"";
	return ok;
}

void unit_fail(const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	std::vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ADD_FAILURE_AT(file, line) << text;
}

int main(int argc, char **argv)
{
	testing::InitGoogleTest(&argc, argv);
	for (const unit_test *const *t = __start_unit_tests; t < __stop_unit_tests; t++) {
		const unit_test *test = *t;

		testing::RegisterTest(suite_of(test->file).c_str(), test->name, nullptr, nullptr,
				      test->file, test->line,
				      [test]() -> testing::Test * { return new CTest(test); });
	}
	return RUN_ALL_TESTS();
}
