"""A machine whose wall clock is set while a program runs: for that program only, below Python, as far as it can tell.

A few lines of C are loaded before the C library. Monotonic time goes on as it is, as when a real clock is set.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.hostile.judge import SkippedError

_SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *offset;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("HOSTILE_CLOCK");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file < 0) return;
    void *mapped = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) offset = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *offset;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec real;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &real);
    now->tv_sec = real.tv_sec;
    now->tv_usec = real.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    if (into) *into = real.tv_sec;
    return real.tv_sec;
}
"""


class WallClock:
    """The wall clock of programs that are started with its `variables`. Raises SkippedError without a C compiler."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if sys.platform != "linux" or compiler is None:
            raise SkippedError("setting the clock of one program needs Linux and a C compiler")
        folder.mkdir(parents=True, exist_ok=True)
        source, library, self._offset = folder / "clock.c", folder / "clock.so", folder / "offset"
        source.write_text(_SOURCE, "utf-8")
        done = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SkippedError(f"the C compiler fails: {done.stderr.strip()[-100:]}")
        self.variables = {"LD_PRELOAD": str(library), "HOSTILE_CLOCK": str(self._offset)}
        self.set(0)
        self._check()

    def set(self, seconds: int) -> None:
        """Sets it that many seconds off the real one; the file is never shorter, so that it can stay mapped."""
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def _check(self) -> None:
        """A Python that does not ask the C library would show nothing."""
        self.set(-86400)
        code = "import time; print(time.time())"
        done = subprocess.run(
            [sys.executable, "-c", code], env=self.variables, capture_output=True, text=True, check=True
        )
        real = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        self.set(0)
        if float(real.stdout) - float(done.stdout) < 80000:
            raise SkippedError("this Python's clock can't be set from outside")
