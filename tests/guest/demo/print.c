/*
 * A tiny printf for the demo's hypervisor, straight to the PL011. Called by hyp.c only: a guest has
 * no UART and asks with a hypercall.
 */
#include <stdarg.h>
#include "demo.h"

static void put(char c)
{
	volatile u32 *uart = (volatile u32 *)UART_BASE;

	while (uart[0x18 / 4] & 1 << 5)		/* UARTFR.TXFF */
		;
	uart[0] = (u8)c;
}

static void put_padded(const char *s, u32 width, int left)
{
	u32 len = 0;

	while (s[len])
		len++;
	for (u32 i = len; !left && i < width; i++)
		put(' ');
	for (u32 i = 0; i < len; i++)
		put(s[i]);
	for (u32 i = len; left && i < width; i++)
		put(' ');
}

static const char *number(char buf[24], u64 v, u32 base, u32 digits)
{
	char *p = buf + 23;

	*p = 0;
	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v || buf + 23 - p < digits);
	return p;
}

void print(const char *fmt, ...)
{
	char buf[24];
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		u32 width = 0;
		int left = 0;

		if (*fmt != '%') {
			if (*fmt == '\n')
				put('\r');
			put(*fmt);
			continue;
		}
		if (*++fmt == '-')
			left = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + (u32)(*fmt++ - '0');
		if (*fmt == 's')
			put_padded(va_arg(ap, const char *), width, left);
		else if (*fmt == 'u')
			put_padded(number(buf, va_arg(ap, u64), 10, 1), width, left);
		else if (*fmt == 'w')
			put_padded(number(buf, va_arg(ap, u64), 16, 8), width, left);
		else
			put_padded(number(buf, va_arg(ap, u64), 16, 1), width, left);
	}
	va_end(ap);
}
