// A device as a process: it shares its memory with whoever started it and
// takes launches from standard input. A kernel that goes wrong takes only this
// process with it, as on a real device it takes the context.
//
// usage: device MEMORY-FILE BYTES
//
// It says on standard output where its memory lies and the names of its
// kernels, one a line, then an empty line. A launch is a header and its
// arguments, 8 bytes each; a header with kernel == wait is answered by a byte.
#include "run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

struct Header {
	uint32_t kernel;
	dim3 grid, block;
	uint32_t shared, arguments;
};

constexpr uint32_t wait = ~0u;

void readAll(void *to, size_t n) {
	if (fread(to, 1, n, stdin) != n) exit(feof(stdin) ? 0 : 1);
}

} // namespace

int main(int argc, char **argv) {
	if (argc != 3) return 2;
	int file = open(argv[1], O_RDWR);
	size_t bytes = strtoull(argv[2], nullptr, 10);
	void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file < 0 || memory == MAP_FAILED) return 2;
	printf("%llu\n", static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(memory)));
	for (const Kernel &k : kernels) printf("%s\n", k.name);
	printf("\n");
	fflush(stdout);
	for (;;) {
		Header h;
		readAll(&h, sizeof h);
		if (h.kernel == wait) {
			putchar('.');
			fflush(stdout);
			continue;
		}
		if (h.arguments > sizeof arguments / sizeof *arguments) fail("too many arguments");
		readAll(arguments, h.arguments * 8);
		launch(h.kernel, h.arguments, h.grid, h.block, h.shared);
	}
}
