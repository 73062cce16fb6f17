/* class_pdf.c: PDF documents (ISO 32000-1, version 1.4) of one page, a grey picture of noise.
 *
 *   catalogue, pages, page, its content, the picture, filler, cross-references, trailer
 *
 * The picture's samples are the payload, one byte each, not compressed, in one piece at a fixed
 * place: numbers before it are written with ten digits.  A picture has as many rows as it takes,
 * the last filled up with noise.  What is left of the file is noise in a stream of its own.
 *
 * An edit changes its own bytes, and when it changes the length some digits before them; what is
 * inserted moves the bytes behind it and changes none of them.
 */
#include <string.h>

#include "datasets/container.h"
#include "datasets/content_class.h"

#define DIGITS ((size_t)10) /* of every number that is not always the same */

/* In the order of the file, with numbers between them; objects begin with their number. */
static const char header[] = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n";
static const char catalogue[] =
    "1 0 obj\n<</Type/Catalog/Pages 2 0 R/BLBF_Filler 6 0 R>>\nendobj\n";
static const char pages[] = "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n";
static const char page[] = "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
                           "/Resources<</XObject<</Im0 5 0 R>>>>>>\nendobj\n";
static const char content[] = "4 0 obj\n<</Length 30>>\nstream\nq 595 0 0 842 0 0 cm /Im0 Do Q\n"
                              "endstream\nendobj\n";
static const char picture[] = "5 0 obj\n<</Type/XObject/Subtype/Image/ColorSpace/DeviceGray"
                              "/BitsPerComponent 8/Width ";
static const char picture_height[] = "/Height ";
static const char picture_length[] = "/Length ";
static const char filler[] = "6 0 obj\n<</Length ";
static const char stream[] = ">>\nstream\n";
static const char stream_end[] = "\nendstream\nendobj\n";
static const char xref[] = "xref\n0 7\n0000000000 65535 f \n";
static const char xref_entry[] = " 00000 n \n";
static const char trailer[] = "trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n";
static const char end[] = "\n%%EOF\n";
enum { OBJECTS = 6 };

#define TEXT_LEN(text) (sizeof(text) - 1)
#define HEAD_LEN                                                                          \
    (TEXT_LEN(header) + TEXT_LEN(catalogue) + TEXT_LEN(pages) + TEXT_LEN(page) +          \
     TEXT_LEN(content) + TEXT_LEN(picture) + DIGITS + TEXT_LEN(picture_height) + DIGITS + \
     TEXT_LEN(picture_length) + DIGITS + TEXT_LEN(stream))
#define TAIL_LEN                                                                                  \
    (TEXT_LEN(stream_end) + TEXT_LEN(filler) + DIGITS + TEXT_LEN(stream) + TEXT_LEN(stream_end) + \
     TEXT_LEN(xref) + OBJECTS * (DIGITS + TEXT_LEN(xref_entry)) + TEXT_LEN(trailer) + DIGITS +    \
     TEXT_LEN(end))

static struct container_sides sides_for(size_t payload_len)
{
    return container_sides_above(payload_len > 0 ? payload_len : 1);
}

static size_t pdf_file_len(size_t payload_len)
{
    struct container_sides sides = sides_for(payload_len);
    return HEAD_LEN + sides.across * sides.down + TAIL_LEN;
}

static size_t pdf_payload_len(size_t file_len)
{
    CHECK(file_len >= pdf_file_len(0));
    struct container_sides sides = container_sides_below(file_len - HEAD_LEN - TAIL_LEN);
    return sides.across * sides.down;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_number(struct container_out *out, size_t number)
{
    uint8_t *at = container_take(out, DIGITS);
    for (size_t i = DIGITS; i > 0; i--, number /= 10)
        at[i - 1] = (uint8_t)('0' + number % 10);
    CHECK(number == 0);
}

/* Where each object begins. */
struct places {
    const uint8_t *start;
    size_t at[OBJECTS], count;
};

static void begin_object(struct container_out *out, struct places *places, const char *text)
{
    CHECK(places->count < OBJECTS);
    places->at[places->count++] = (size_t)(out->at - places->start);
    container_text(out, text);
}

static void write_noise(struct container_out *out, struct container_noise *noise, size_t len)
{
    container_noise_fill(noise, container_take(out, len), len);
}

static void write_tail(struct container_out *out, struct places *places)
{
    size_t xref_at = (size_t)(out->at - places->start);
    CHECK(places->count == OBJECTS);
    container_text(out, xref);
    for (size_t i = 0; i < OBJECTS; i++) {
        write_number(out, places->at[i]);
        container_text(out, xref_entry);
    }
    container_text(out, trailer);
    write_number(out, xref_at);
    container_text(out, end);
}

static void pdf_wrap(uint64_t seed, struct span payload, uint8_t *dst, size_t file_len)
{
    struct container_sides sides = sides_for(payload.len);
    size_t samples = sides.across * sides.down;
    CHECK(HEAD_LEN + samples + TAIL_LEN <= file_len);
    size_t pad = file_len - HEAD_LEN - samples - TAIL_LEN;
    struct container_out out = {dst, dst + file_len};
    struct container_noise noise = container_noise(seed, "class.pdf.pad");
    struct places places = {.start = dst};

    container_text(&out, header);
    begin_object(&out, &places, catalogue);
    begin_object(&out, &places, pages);
    begin_object(&out, &places, page);
    begin_object(&out, &places, content);
    begin_object(&out, &places, picture);
    write_number(&out, sides.across);
    container_text(&out, picture_height);
    write_number(&out, sides.down);
    container_text(&out, picture_length);
    write_number(&out, samples);
    container_text(&out, stream);
    container_bytes(&out, payload.ptr, payload.len);
    write_noise(&out, &noise, samples - payload.len);
    container_text(&out, stream_end);
    begin_object(&out, &places, filler);
    write_number(&out, pad);
    container_text(&out, stream);
    write_noise(&out, &noise, pad);
    container_text(&out, stream_end);
    write_tail(&out, &places);
    CHECK(out.at == out.end);
}

static void pdf_fill(uint64_t seed, double saving, uint8_t *dst, size_t len)
{
    struct container_noise noise = container_noise(seed, "class.pdf");
    (void)saving;
    container_noise_fill(&noise, dst, len);
}

const struct content_class class_pdf = {
    .name = "pdf",
    .extension = "pdf",
    .summary = "PDF documents of one grey picture",
    .len_min = HEAD_LEN + 1 + TAIL_LEN,
    .fill = pdf_fill,
    .payload_len = pdf_payload_len,
    .file_len = pdf_file_len,
    .wrap = pdf_wrap,
};
