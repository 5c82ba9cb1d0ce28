// The workloads as one program: `workloads list`, `workloads run NAME UNITS`, `workloads serve`. As process 1 of a guest it prepares
// the usual file systems and serves on the second serial port.
//
// Serving: READY is said once; a line "run NAME UNITS" is answered by "START", said before the work begins, and "END CHECKSUM" or
// "FAIL reason"; "quit" ends the program (and switches the guest off).
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "workload.h"

#define LINE "/dev/ttyS1"

const struct workload workloads[] = {
    { "list", "integer", list_sort, 60, "merge sort of linked lists" },
    { "crc", "integer", crc16, 30000000, "CRC-16 a bit at a time" },
    { "states", "integer", state_machine, 1500, "lexer with jump tables" },
    { "sieve", "integer", sieve, 80, "byte sieve" },
    { "fib", "integer", fib, 150, "recursive Fibonacci numbers" },
    { "calls", "integer", function_pointers, 30000000, "calls through function pointers" },
    { "xorshift", "integer", xorshift, 40000000, "64-bit xorshift in a called function" },
    { "sha256", "integer", sha256, 600000, "SHA-256" },
    { "bytecode", "integer", bytecode, 300, "bytecode interpreter" },
    { "sort", "integer", integer_sort, 50, "quicksort of integers" },
    { "smc", "integer", self_modifying, 20000, "self-modifying code" },
    { "matrix-int", "vector", matrix_int, 900, "64x64 integer matrix product (SSE2)" },
    { "nbody", "vector", n_body, 1000000, "n-body in double precision (SSE2)" },
    { "matrix-float", "vector", matrix_float, 2000, "64x64 float matrix product (AVX2, FMA)" },
    { "aes", "vector", aes, 50000, "AES-128 counter mode (AES-NI)" },
    { "x87", "vector", x87, 3000000, "extended-precision arithmetic (x87)" },
    { "strided", "vector", strided_vectors, 1000, "vectors over arrays a power of two apart" },
    { "memcpy", "memory", memory_copy, 500, "memcpy of all sizes" },
    { "strlen", "memory", string_length, 10000, "strlen" },
    { "rep", "memory", rep_movs, 1000, "rep movsb, movsq, stosb" },
    { "hash", "memory", hash_table, 1500000, "hash table over 256 MBytes", prepare_hash_table },
    { "syscall", "system", system_calls, 300000, "system calls" },
    { "exec-static", "system", exec_static, 60, "fork and exec of a static program" },
    { "exec-dynamic", "system", exec_dynamic, 40, "fork and exec of a dynamic program" },
    { "pipe", "system", pipe_ping_pong, 8000, "ping-pong between processes" },
    { "faults", "system", page_faults, 300, "page faults (mmap, munmap)" },
    { "signals", "system", signals, 50000, "signals" },
};

const size_t workload_count = sizeof workloads / sizeof *workloads;

const char *program_directory = ".";

void fail(const char *what)
{
    printf("FAIL %s\n", what);
    fflush(stdout);
    _exit(3);
}

void *pages(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("out of memory");
    return memory;
}

static const struct workload *find(const char *name)
{
    for (size_t i = 0; i < workload_count; i++) {
        if (!strcmp(workloads[i].name, name)) return &workloads[i];
    }
    return NULL;
}

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
    // What the other end measures must not include the serial port's buffer.
    if (isatty(STDOUT_FILENO)) tcdrain(STDOUT_FILENO);
}

// In a process of its own, so that each run starts with the same heap and a crash is only its own.
static void run(const struct workload *workload, uint64_t units)
{
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (!child) {
        if (workload->prepare) workload->prepare();
        say("START");
        printf("END %016" PRIx64 "\n", workload->run(units));
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) printf("FAIL signal %d\n", WTERMSIG(status));
    fflush(stdout);
}

static void serve(void)
{
    char line[256], name[64];
    say("READY");
    while (fgets(line, sizeof line, stdin)) {
        uint64_t units;
        if (!strncmp(line, "quit", 4)) return;
        const struct workload *workload = sscanf(line, "run %63s %" SCNu64, name, &units) == 2 ? find(name) : NULL;
        if (workload) run(workload, units);
        else say("FAIL no such workload");
    }
}

static void become_init(void)
{
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    int line = open(LINE, O_RDWR | O_NOCTTY);
    if (line < 0) {
        perror(LINE);
        reboot(RB_POWER_OFF);
    }
    struct termios settings;
    tcgetattr(line, &settings);
    cfmakeraw(&settings);
    cfsetspeed(&settings, B115200);
    tcsetattr(line, TCSANOW, &settings);
    dup2(line, STDIN_FILENO);
    dup2(line, STDOUT_FILENO);
    program_directory = "/bench";
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    static char directory[256];
    if (getpid() == 1) {
        become_init();
        serve();
        sync();
        reboot(RB_POWER_OFF);
    }
    strncpy(directory, argv[0], sizeof directory - 1);
    char *slash = strrchr(directory, '/');
    if (slash) {
        *slash = 0;
        program_directory = directory;
    }
    if (!strcmp(command, "list")) {
        for (size_t i = 0; i < workload_count; i++) printf("%s\t%s\t%" PRIu64 "\t%s\n", workloads[i].name, workloads[i].group, workloads[i].units, workloads[i].what);
        return 0;
    }
    if (!strcmp(command, "serve")) {
        serve();
        return 0;
    }
    const struct workload *workload = argc > 2 && !strcmp(command, "run") ? find(argv[2]) : NULL;
    if (!workload) {
        fprintf(stderr, "workloads list | run NAME [UNITS] | serve\n");
        return 2;
    }
    run(workload, argc > 3 ? strtoull(argv[3], NULL, 0) : workload->units);
    return 0;
}
