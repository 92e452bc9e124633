/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signatures.c - see signatures.h. */
#define _GNU_SOURCE
#include "signatures.h"

#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

#define FILES "/usr/share/clamav-testfiles/"

const char eicar_head[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-";

const char eicar_tail[] = "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

char work[64];

char db[80];

char temp[80];

void write_text_in(const char *dir, const char *name, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void unlink_in(const char *dir, const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(unlink(path), 0);
}

static void to_hex(const unsigned char *in, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        sprintf(out + 2 * i, "%02x", in[i]);
}

size_t read_test_file(const char *name, unsigned char *out, size_t max)
{
    char path[160];
    size_t n;
    FILE *file;

    snprintf(path, sizeof(path), FILES "%s", name);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(out, 1, max, file);
    assert_true(n > 0 && n < max);
    fclose(file);
    return n;
}

static void signature_of_eicar(void)
{
    char eicar[128], line[512], hex[256] = "";

    snprintf(eicar, sizeof(eicar), "%s%s", eicar_head, eicar_tail);
    to_hex((unsigned char *)eicar, strlen(eicar), hex);
    snprintf(line, sizeof(line), "Test.Eicar:0:*:%s\n", hex);
    write_text_in(db, "test.ndb", line);
}

void signature_of_clam(void)
{
    static unsigned char exe[65536];
    char line[512], hex[256] = "";
    unsigned char md5[16];
    unsigned int len = sizeof(md5);
    size_t n;

    n = read_test_file("clam.exe", exe, sizeof(exe));
    assert_non_null(cl_hash_data("md5", exe, n, md5, &len));
    to_hex(md5, sizeof(md5), hex);
    snprintf(line, sizeof(line), "%.32s:%zu:Test.Clam\n", hex, n);
    write_text_in(db, "test.hdb", line);
}

int signatures_make(void **state)
{
    (void)state;
    cl_init(CL_INIT_DEFAULT);
    snprintf(work, sizeof(work), "/tmp/test-engine-XXXXXX");
    assert_non_null(mkdtemp(work));
    snprintf(db, sizeof(db), "%s/db", work);
    snprintf(temp, sizeof(temp), "%s/temp", work);
    assert_int_equal(mkdir(db, 0700), 0);
    assert_int_equal(mkdir(temp, 0700), 0);
    signature_of_eicar();
    signature_of_clam();
    return 0;
}

int signatures_remove(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", work);
    return system(command);
}

struct engine_limits limits;

__attribute__((constructor)) static void init_limits(void)
{
    limits = limits_default(25000);
}

struct engine *load(const struct engine_limits *with)
{
    char error[ENGINE_TEXT] = "?";
    struct engine *engine = NULL;

    assert_int_equal(engine_clamav.load(db, temp, with, &engine, error), 0);
    assert_string_equal(error, "");
    assert_non_null(engine);
    return engine;
}

void assert_not_scanned(struct verdict v, unsigned int reason)
{
    assert_int_equal(v.code, VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(v.reason, reason);
    assert_string_equal(v.name, "");
}
