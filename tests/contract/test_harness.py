"""The harness itself: what a sanitizer reports fails a test.
SPDX-License-Identifier: MIT
"""
import subprocess

import pytest

FAULTS = {
    "address": "char *p = malloc(1); free(p); return *p;",
    "leak": "return malloc(1) == NULL;",
    "undefined": "int n = 2147483647; return n + argc == 0;",
    "thread": "pthread_t t; pthread_create(&t, NULL, add, NULL); add(NULL); "
              "return pthread_join(t, NULL);",
}
PROGRAM = """#include <pthread.h>
#include <stdlib.h>
static int shared;
static void *add(void *arg) { shared++; return arg; }
int main(int argc, char **argv) { (void)argc; (void)argv; (void)add; %s }
"""


@pytest.mark.parametrize("sanitizer", FAULTS)
def test_a_report_fails_the_test(sanitizer, reports, tmp_path):
    source, program = tmp_path / "fault.c", tmp_path / "fault"
    source.write_text(PROGRAM % FAULTS[sanitizer])
    flag = "address" if sanitizer == "leak" else sanitizer
    subprocess.run(["cc", f"-fsanitize={flag}", "-o", program, source], check=True)

    subprocess.run([program], check=False)

    with pytest.raises(AssertionError, match="Sanitizer|runtime error"):
        reports.check()
    reports.check()  # it is told once
