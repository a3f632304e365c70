#include "harness/data/jpeg.h"

// jpeglib.h needs this include before it.
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace tbft::data {
namespace {

// libjpeg leaves an error by longjmp. The frames that it skips, read_header and read_rows, have nothing to destroy.
struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf out{};
  std::array<char, JMSG_LENGTH_MAX> message{};  // of the error, or of the first warning
  bool damaged = false;

  Decoder() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      auto& self = *static_cast<Decoder*>(common->client_data);
      common->err->format_message(common, self.message.data());
      std::longjmp(self.out, 1);  // NOLINT(cert-err52-cpp): an exception must not pass through C
    };
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level >= 0) return;  // a trace message
      auto& self = *static_cast<Decoder*>(common->client_data);
      if (common->err->num_warnings++ == 0) common->err->format_message(common, self.message.data());
      const int code = common->err->msg_code;
      self.damaged = self.damaged || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC ||
                     code == JWRN_JPEG_EOF;
    };
    errors.output_message = [](j_common_ptr) {};
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

bool read_header(Decoder& decoder, std::span<const std::uint8_t> file) {
  if (setjmp(decoder.out) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg's own way
  jpeg_create_decompress(&decoder.info);
  jpeg_mem_src(&decoder.info, file.data(), file.size());
  jpeg_read_header(&decoder.info, TRUE);
  return true;
}

bool read_rows(Decoder& decoder, std::uint8_t* to, std::size_t bytes_per_row) {
  if (setjmp(decoder.out) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg's own way
  decoder.info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&decoder.info);
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = to + decoder.info.output_scanline * bytes_per_row;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

}  // namespace

DecodedJpeg decode_jpeg(std::span<const std::uint8_t> file, std::int64_t height, std::int64_t width) {
  Decoder decoder;
  if (!read_header(decoder, file)) throw std::runtime_error(decoder.message.data());
  if (decoder.info.image_height != height || decoder.info.image_width != width)
    throw std::runtime_error("damaged: two frames of different sizes");
  DecodedJpeg image;
  if (decoder.info.num_components == 4) return image;
  image.bgr.create(static_cast<int>(decoder.info.image_height), static_cast<int>(decoder.info.image_width), CV_8UC3);
  if (!read_rows(decoder, image.bgr.data, image.bgr.step[0])) throw std::runtime_error(decoder.message.data());
  cv::cvtColor(image.bgr, image.bgr, cv::COLOR_RGB2BGR);
  image.warning = decoder.message.data();
  image.damaged = decoder.damaged;
  return image;
}

}  // namespace tbft::data
