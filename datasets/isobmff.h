/* isobmff.h: files of boxes (ISO/IEC 14496-12 and its ancestor QuickTime) with one track of sound.
 *
 * The track is 16-bit little-endian PCM, two channels, 48,000 frames a second: any bytes are sound.
 * All frames are one chunk, the payload and up to three bytes of noise, in one mdat at a fixed
 * place; at least ISOBMFF_FRAMES_MIN frames.  What is left of the file is noise in a box `free`.
 *
 *   MP4: ftyp, moov, mdat, free: as for streaming, what describes the track comes first;
 *   MOV: ftyp, mdat, moov, free: as cameras write it.
 *
 * An edit changes its own bytes, and when it changes the length a dozen fields of four bytes.  What
 * is inserted moves the bytes behind it and changes none of them.
 */
#ifndef DATASETS_ISOBMFF_H
#define DATASETS_ISOBMFF_H

#include "engine/base.h"

#define ISOBMFF_FRAMES_MIN 64u

enum isobmff_kind { ISOBMFF_MP4, ISOBMFF_MOV };

size_t isobmff_file_len(enum isobmff_kind kind, size_t payload_len);
size_t isobmff_payload_len(enum isobmff_kind kind, size_t file_len);
void isobmff_wrap(enum isobmff_kind kind, uint64_t seed, struct span payload, uint8_t *dst,
                  size_t file_len);

#endif
