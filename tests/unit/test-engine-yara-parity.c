/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-yara-parity.c - xen-scan-back/engine-yara.c says what the command
 * yara says: with the same rules the same files match, and the same rule is
 * the first.  Over all of clamav-testfiles, programs, and files of our own.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules.h"
#include "signatures.h"

#define SAMPLES         "/usr/share/clamav-testfiles"
#define PROGRAMS        "/usr/bin"
#define NR_PROGRAMS     200
#define MAX_FILES       512
#define MAX_PATH_OCTETS 320

static struct {
    char path[MAX_PATH_OCTETS];
    char *rule;                 /* that yara names first, or NULL */
} file[MAX_FILES];

static unsigned int nr_files;

/* a.yar, then b.yara, then c.yar. */
static const char rules_a[] =
    "import \"pe\"\n"
    "import \"elf\"\n"
    "private rule tiny { condition: filesize < 8KB }\n"
    "private rule everything { condition: true }\n"
    "rule tiny_pe { meta: by = \"us\" condition: pe.is_pe and tiny }\n"
    "rule pe_imports {\n"
    "  condition: everything and pe.imports(\"KERNEL32.dll\")\n"
    "}\n"
    "rule zip_at_0 {\n"
    "  strings: $zip = { 50 4B 03 04 } condition: $zip at 0\n"
    "}\n"
    "rule script : tag {\n"
    "  strings: $sh = /^#! ?\\/bin\\/(ba)?sh/ condition: $sh at 0\n"
    "}\n"
    "rule long_options {\n"
    "  strings:\n"
    "    $a = \"--version\" fullword\n"
    "    $b = \"--help\"\n"
    "    $c = \"usage:\" nocase\n"
    "  condition: #a > 1 and $b and @c[1] > 100\n"
    "}\n";

static const char rules_b[] =
    "import \"elf\"\n"
    "import \"hash\"\n"
    "import \"math\"\n"
    "global private rule not_huge { condition: filesize < 4MB }\n"
    "rule elf_sections {\n"
    "  condition: elf.type == elf.ET_DYN and elf.number_of_sections > 28 and\n"
    "    elf.machine == elf.EM_X86_64\n"
    "}\n"
    "rule jump {\n"
    "  strings: $h = { 7F 45 4C 46 02 [4-64] 3E 00 [0-8] ?0 }\n"
    "  condition: $h and filesize > 100KB\n"
    "}\n"
    "rule wide_text {\n"
    "  strings: $w = \"clam\" wide ascii nocase condition: #w > 1\n"
    "}\n"
    "rule packed { condition: math.entropy(0, filesize) > 7.5 }\n"
    "rule one_file {\n"
    "  condition:\n"
    "    hash.md5(0, filesize) == \"900150983cd24fb0d6963f7d28e17f72\"\n"
    "}\n";

/* Names that the other files have, too. */
static const char rules_c[] =
    "import \"magic\"\n"
    "rule jump {\n"
    "  strings: $x = \"lib\" xor(1-255) $l = /[Ll]icen[cs]e/\n"
    "  condition: all of them\n"
    "}\n"
    "rule mail { strings: $f = /\\nSubject: .{1,60}\\n/ condition: $f }\n"
    "rule perl { condition: magic.mime_type() == \"text/x-perl\" }\n";

static void add_file(const char *dir, const char *name)
{
    struct stat st;

    assert_true(nr_files < MAX_FILES);
    snprintf(file[nr_files].path, MAX_PATH_OCTETS, "%s/%s", dir, name);
    file[nr_files].rule = NULL;
    if (!lstat(file[nr_files].path, &st) && S_ISREG(st.st_mode) && st.st_size)
        nr_files++;
}

static void add_files(const char *dir, unsigned int max)
{
    struct dirent **entry;
    int nr = scandir(dir, &entry, NULL, alphasort);
    unsigned int end = nr_files + max;

    assert_true(nr > 0);
    for (int i = 0; i < nr; i++) {
        if (nr_files < end)
            add_file(dir, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
}

/* The command's lines are "RULE PATH". */
static void take_line(char *line)
{
    char *path = strchr(line, ' ');

    line[strcspn(line, "\n")] = 0;
    assert_non_null(path);
    *path++ = 0;
    for (unsigned int i = 0; i < nr_files; i++) {
        if (strcmp(file[i].path, path))
            continue;
        if (!file[i].rule)
            file[i].rule = strdup(line);
        assert_non_null(file[i].rule);
        return;
    }
    fail_msg("yara names %s", path);
}

/* Each file of rules in its own namespace, in the same order. */
static void ask_command(void)
{
    char list[128], command[800], line[600];
    FILE *out;

    snprintf(list, sizeof(list), "%s/list", rules);
    out = fopen(list, "w");
    assert_non_null(out);
    for (unsigned int i = 0; i < nr_files; i++)
        fprintf(out, "%s\n", file[i].path);
    assert_int_equal(fclose(out), 0);
    snprintf(command, sizeof(command), "yara -w -p 1 --scan-list a:%s/a.yar "
             "b:%s/b.yara c:%s/c.yar %s", rules, rules, rules, list);
    out = popen(command, "r");
    assert_non_null(out);
    while (fgets(line, sizeof(line), out))
        take_line(line);
    assert_int_equal(pclose(out), 0);
}

static struct verdict scan_file(struct engine *engine, const char *path)
{
    struct verdict v;
    struct stat st;
    char *content;
    FILE *in = fopen(path, "r");

    assert_non_null(in);
    assert_int_equal(fstat(fileno(in), &st), 0);
    content = malloc((size_t)st.st_size);
    assert_non_null(content);
    assert_int_equal(fread(content, 1, (size_t)st.st_size, in), st.st_size);
    fclose(in);
    v = rules_scan(engine, content, (size_t)st.st_size);
    free(content);
    return v;
}

/* Every rule is the first one for some file, so that each is compared. */
static void assert_named(const char *rule)
{
    for (unsigned int i = 0; i < nr_files; i++) {
        if (file[i].rule && !strcmp(file[i].rule, rule))
            return;
    }
    fail_msg("yara never names %s first", rule);
}

static void assert_same(struct engine *engine, const char *path,
                        const char *rule)
{
    struct verdict v = scan_file(engine, path);

    if (strcmp(v.name, rule ? rule : "") ||
        v.code != (rule ? VSCANIF_VERDICT_INFECTED : VSCANIF_VERDICT_CLEAN))
        fail_msg("%s: verdict %u \"%s\", but yara says \"%s\"", path, v.code,
                 v.name, rule ? rule : "");
}

static void same_as_command(void **state)
{
    static const char *const names[] = {
        "tiny_pe", "pe_imports", "zip_at_0", "script", "long_options",
        "elf_sections", "jump", "wide_text", "packed", "one_file", "mail",
        "perl",
    };
    struct engine *engine;
    unsigned int clean = 0;

    (void)state;
    rules_put("a.yar", rules_a);
    rules_put("b.yara", rules_b);
    rules_put("c.yar", rules_c);
    rules_put("abc", "abc");
    rules_put("spaces", "            ");
    rules_put("mail", "From: me\nSubject: you\n\n");
    nr_files = 0;
    add_file(rules, "abc");
    add_file(rules, "spaces");
    add_file(rules, "mail");
    add_files(SAMPLES, MAX_FILES);
    assert_true(nr_files > 40);
    add_files(PROGRAMS, NR_PROGRAMS);
    assert_true(nr_files > NR_PROGRAMS + 40);
    ask_command();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_named(names[i]);

    engine = rules_load(&limits);
    for (unsigned int i = 0; i < nr_files; i++) {
        assert_same(engine, file[i].path, file[i].rule);
        clean += !file[i].rule;
        free(file[i].rule);
    }
    assert_in_range(clean, 5, nr_files / 2);
    engine->ops->unload(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_as_command, rules_make,
                                        rules_remove),
    };

    return cmocka_run_group_tests_name("engine-yara-parity", tests, NULL,
                                       NULL);
}
