#include "power/engine/sampler.h"
#include "tbft/power/sampling.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace tbft::power {
namespace {

// The highest priority that RLIMIT_RTPRIO grants to a process without CAP_SYS_NICE; 0: none.
int granted_priority() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTPRIO, &limit) != 0) return 0;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, sampling_priority));
}

bool become_fifo(int priority) {
  const sched_param param{.sched_priority = priority};
  return ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0;
}

Scheduling current() {
  Scheduling now;
  sched_param param{};
  now.policy = ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  if (::sched_getparam(0, &param) == 0) now.priority = param.sched_priority;
  now.timer_slack_ns = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  return now;
}

}  // namespace

Realtime parse_realtime(std::string_view text) {
  if (text == "auto") return Realtime::automatic;
  if (text == "on") return Realtime::on;
  if (text == "off") return Realtime::off;
  throw std::invalid_argument(fmt::format("realtime: '{}' is none of auto, on, off", text));
}

bool Scheduling::realtime() const {
  return policy == SCHED_FIFO || policy == SCHED_RR;
}

std::string Scheduling::policy_name() const {
  using Name = std::pair<int, std::string_view>;
  constexpr std::array names{Name{SCHED_OTHER, "SCHED_OTHER"}, Name{SCHED_FIFO, "SCHED_FIFO"}, Name{SCHED_RR, "SCHED_RR"},
                             Name{SCHED_BATCH, "SCHED_BATCH"}, Name{SCHED_IDLE, "SCHED_IDLE"}};
  const auto* const found = std::ranges::find(names, policy, &Name::first);
  return found == names.end() ? fmt::format("policy {}", policy) : std::string(found->second);
}

std::string to_string(const Scheduling& scheduling) {
  return fmt::format("{}{}, timer slack {} ns", scheduling.policy_name(),
                     scheduling.realtime() ? fmt::format(", priority {}", scheduling.priority) : "", scheduling.timer_slack_ns);
}

Scheduling schedule_this_thread(Realtime realtime) {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  if (realtime == Realtime::off || current().realtime()) return current();
  if (become_fifo(sampling_priority)) return current();
  const int error = errno;
  const int granted = granted_priority();
  if ((granted > 0 && become_fifo(granted)) || realtime == Realtime::automatic) return current();
  throw RealtimeForbidden(
      fmt::format("--realtime on: the system refuses SCHED_FIFO ({}). Permit it with `* - rtprio {}` in "
                  "/etc/security/limits.d/tbft.conf and a new login, or LimitRTPRIO={} in a systemd unit; or leave "
                  "--realtime at auto",
                  std::generic_category().message(error), sampling_priority, sampling_priority));
}

Scheduling try_scheduling(Realtime realtime) {
  std::promise<Scheduling> got;
  auto result = got.get_future();
  std::jthread([realtime, got = std::move(got)]() mutable {
    try {
      got.set_value(schedule_this_thread(realtime));
    } catch (...) {
      got.set_exception(std::current_exception());
    }
  }).join();
  return result.get();
}

}  // namespace tbft::power
