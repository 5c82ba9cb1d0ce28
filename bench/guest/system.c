// What the operating system does for programs: calls, processes, pipes, memory, signals.
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

uint64_t system_calls(uint64_t units)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < units; i++) sum += syscall(SYS_getppid) > 0 ? i : 0;
    return sum;
}

static uint64_t execute(const char *name, uint64_t units)
{
    char path[256], argument[16];
    uint64_t sum = 0;
    snprintf(path, sizeof path, "%s/%s", program_directory, name);
    while (units--) {
        snprintf(argument, sizeof argument, "%d", (int)(units & 0x7F));
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (!child) {
            char *arguments[] = { path, argument, NULL }, *environment[] = { NULL };
            execve(path, arguments, environment);
            _exit(255);
        }
        int status;
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) == 255) fail(path);
        sum = mix(sum, (uint64_t)WEXITSTATUS(status));
    }
    return sum;
}

uint64_t exec_static(uint64_t units) { return execute("child-static", units); }

uint64_t exec_dynamic(uint64_t units) { return execute("child-dynamic", units); }

uint64_t pipe_ping_pong(uint64_t units)
{
    int there[2], back[2];
    if (pipe(there) || pipe(back)) fail("pipe");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (!child) {
        char byte;
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            byte = (char)(byte * 5 + 1);
            if (write(back[1], &byte, 1) != 1) break;
        }
        _exit(0);
    }
    char byte = 0;
    uint64_t sum = 0;
    while (units--) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
        sum = mix(sum, (uint8_t)byte);
    }
    close(there[1]);
    waitpid(child, NULL, 0);
    return sum;
}

uint64_t page_faults(uint64_t units)
{
    enum { PAGES = 64, PAGE = 4096 };
    uint64_t sum = 0;
    while (units--) {
        uint64_t *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) fail("mmap");
        for (size_t i = 0; i < PAGES; i++) memory[i * PAGE / sizeof *memory] += units + i;
        for (size_t i = 0; i < PAGES; i++) sum = mix(sum, memory[i * PAGE / sizeof *memory]);
        munmap(memory, PAGES * PAGE);
    }
    return sum;
}

static volatile uint64_t delivered;

static void on_signal(int number) { delivered += (uint64_t)number; }

uint64_t signals(uint64_t units)
{
    struct sigaction action = { .sa_handler = on_signal };
    if (sigaction(SIGUSR1, &action, NULL)) fail("sigaction");
    pid_t self = getpid();
    while (units--) kill(self, SIGUSR1);
    return delivered;
}
