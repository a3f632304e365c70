// A piece of work in a process of its own, forked from this one: it shares the memory of what was loaded before, and answers
// in lines of text. What kills it leaves the others and this process alone.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace tbft {

class Worker {
 public:
  using Say = std::function<void(const std::string& line)>;  // one line, without its newline

  // Forks; the child calls `work` and ends, without destructors or exit handlers, with 0, or 1 where `work` throws. It keeps no
  // file of this process open but the standard ones, gets SIGKILL when this process ends, and has this thread only: a thread
  // pool that was used here before is none there (GNU OpenMP then hangs). Throws std::system_error.
  explicit Worker(const std::function<void(const Say&)>& work);
  // Kills what still runs.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  pid_t pid() const { return pid_; }
  int fd() const { return fd_; }  // readable where read() has something to do
  // Reads once and appends the whole lines; false where the child has closed its end.
  bool read(std::vector<std::string>& lines);
  void signal(int number) const;
  // Waits for the end. Empty where the child ended with 0, else how it ended: "was ended by signal 9 (Killed)".
  std::string wait();

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  std::string torn_;  // a line that has no end yet
};

}  // namespace tbft
