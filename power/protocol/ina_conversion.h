// Common to INA226, INA260, INA228 and INA3221 (Texas Instruments): codes of conversion times and averages, and the
// manufacturer's identity.
#pragma once

#include <array>
#include <cstdint>

namespace tbft::power::ina {

inline constexpr std::uint16_t manufacturer = 0x5449;  // "TI"

// Typical time in s of one conversion for the codes 0 to 7. INA226 7.1.1, INA260 8.6.1, INA3221 8.6.2.1; INA228 7.6.1.2.
inline constexpr std::array<double, 8> ct_16bit_s{140e-6, 204e-6, 332e-6, 588e-6, 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3};
inline constexpr std::array<double, 8> ct_20bit_s{50e-6, 84e-6, 150e-6, 280e-6, 540e-6, 1.052e-3, 2.074e-3, 4.12e-3};
// The number of pairs (shunt, bus) averaged into one result, for the codes 0 to 7.
inline constexpr std::array<int, 8> averages{1, 4, 16, 64, 128, 256, 512, 1024};
// The slowest oscillator over the typical one: 1.21 ms over 1.1 ms in the tables of the 16-bit chips. The INA228's is better (1
// %), but the same ratio is used, because it only sets a timeout.
inline constexpr double slowest = 1.1;

}  // namespace tbft::power::ina
