/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.c - see words.h. */
#include "words.h"

#include <stdbool.h>
#include <string.h>

char *words_next(char **rest_r)
{
    char *word = *rest_r, *comma;

    if (!word)
        return NULL;
    comma = strchr(word, ',');
    if (comma)
        *comma++ = 0;
    *rest_r = comma;
    return word;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

const char *word_decode(const char *in, char *out)
{
    if (!*in)
        return "empty word";
    for (; *in; in++) {
        int high, low;

        if (*in == ' ' || *in == ',')
            return "blank or comma not written as %XX";
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        high = hex(in[1]);
        low = high < 0 ? -1 : hex(in[2]);
        if (low < 0)
            return "percent without two hex digits";
        if (high == 0 && low == 0)
            return "%00 in a word";
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = 0;
    return NULL;
}

static void add_octet(struct text *text, char c)
{
    if (text->len + 1 < text->size) {
        text->out[text->len] = c;
        text->out[text->len + 1] = 0;
    }
    text->len++;
}

void text_add(struct text *text, const char *octets)
{
    for (; *octets; octets++)
        add_octet(text, *octets);
}

void text_add_word(struct text *text, const char *word)
{
    static const char digits[] = "0123456789abcdef";

    for (; *word; word++) {
        unsigned char c = (unsigned char)*word;

        if (c > ' ' && c != 0x7f && c != ',' && c != '%') {
            add_octet(text, *word);
            continue;
        }
        add_octet(text, '%');
        add_octet(text, digits[c >> 4]);
        add_octet(text, digits[c & 15]);
    }
}
