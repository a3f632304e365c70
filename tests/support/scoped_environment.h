// An environment variable that a test sets, and what was there before.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace tbft::test {

class ScopedEnvironment {
 public:
  // nullptr: the variable does not exist meanwhile.
  ScopedEnvironment(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* const before = std::getenv(name_.c_str())) before_ = before;
    set(value);
  }
  ~ScopedEnvironment() { set(before_ ? before_->c_str() : nullptr); }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  void set(const char* value) const { value != nullptr ? ::setenv(name_.c_str(), value, 1) : ::unsetenv(name_.c_str()); }

  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace tbft::test
