// What the fork+exec workloads execute: uses a little of the C library and hands its argument back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char text[32];
    if (argc != 2) return 255;
    snprintf(text, sizeof text, "%d", atoi(argv[1]));
    return strcmp(text, argv[1]) ? 255 : atoi(text);
}
