#include "harness/training/memory.h"

#include <elf.h>
#include <fmt/format.h>
#include <jemalloc/jemalloc.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string_view>

// The name with which jemalloc looks for options that a program was built with; it reads them before main(), and MALLOC_CONF in
// the environment after them. A training step frees and requests the same large blocks each time, so:
// - dirty_decay_ms, muzzy_decay_ms: freed pages are never returned by themselves, or the kernel would zero them again in each
//   step. A step of fc on 128 images of 128 px takes 1.6 times the processor time where they are returned at once.
// - oversize_threshold: by default blocks from 8 MiB on are exempt from this.
// - lg_extent_max_active_fit: a block may be cut from a freed one of any size. By default that one may be 64 times as large at
//   most. As nothing is returned, freed blocks join until all are larger, and a further block is new memory, step after step
//   (docs/design/training.md has figures).
// - narenas: what one thread freed, the others use. Threads that decode images would otherwise keep their own memory.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1,oversize_threshold:0,lg_extent_max_active_fit:48,narenas:1";
}

namespace tbft {

namespace {

// Relocations were written into its code, which are in no file.
bool relocates_code(const dl_phdr_info& object, const ElfW(Phdr) & dynamic) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr,cppcoreguidelines-pro-type-reinterpret-cast): the linker's own view
  for (const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + dynamic.p_vaddr); entry->d_tag != DT_NULL;
       ++entry)
    if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0)) return true;
  return false;
}

// Unmaps the pages of a program's or library's segments that are never written. They stay in the kernel's page cache, and are
// mapped again where they are used.
int unmap_code(dl_phdr_info* object, std::size_t, void*) {
  const std::string_view name = object->dlpi_name;
  if (!name.empty() && name.find('/') == std::string_view::npos) return 0;  // the kernel's vdso, which is in no file
  const std::span segments(object->dlpi_phdr, object->dlpi_phnum);
  for (const auto& segment : segments)
    if (segment.p_type == PT_DYNAMIC && relocates_code(*object, segment)) return 0;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (const auto& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    const std::uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
    // NOLINTNEXTLINE(performance-no-int-to-ptr,cppcoreguidelines-pro-type-reinterpret-cast): an address of the linker's
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void hand_back_memory() {
  static const auto purge = fmt::format("arena.{}.purge", MALLCTL_ARENAS_ALL);
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);  // small blocks that this thread keeps
  mallctl(purge.c_str(), nullptr, nullptr, nullptr, 0);
  // The start of libtorch and of the 250 libraries behind it touches pages that training never needs.
  dl_iterate_phdr(unmap_code, nullptr);
}

}  // namespace tbft
