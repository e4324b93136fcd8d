// Makes a screenshot small: a page has few colours beside the edges of its letters, so 256 of them are enough.
import { deflateSync, inflateSync } from 'node:zlib'

const COLOURS_MAX = 256
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const CRCS = Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1
  return byte >>> 0
})
const crc = (bytes) => ~bytes.reduce((sum, byte) => CRCS[(sum ^ byte) & 255] ^ (sum >>> 8), ~0) >>> 0

function* chunksOf(png) {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at)
    yield [png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length)]
    at += 12 + length
  }
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length, 0)
  body.copy(whole, 4)
  whole.writeUInt32BE(crc(body), body.length + 4)
  return whole
}

function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

// Lines as they were before they were filtered: what each byte was foretold by is added again.
function unfiltered(bytes, height, stride, step) {
  const lines = Buffer.alloc(height * stride)
  for (let y = 0; y < height; y++) {
    const filter = bytes[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x
      const left = x >= step ? lines[at - step] : 0
      const above = y > 0 ? lines[at - stride] : 0
      const corner = x >= step && y > 0 ? lines[at - stride - step] : 0
      const foretold = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter]
      lines[at] = bytes[y * (stride + 1) + 1 + x] + foretold
    }
  }
  return lines
}

const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]
const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2

// The colours that are kept, and for each colour the one that stands for it: half of them are there most often, the
// others are those that would be missed most.
function palette(pixels) {
  const counts = new Map()
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1)
  const all = [...counts].sort((a, b) => b[1] - a[1]).map(([colour, count]) => ({ colour, count, nearest: 0, far: Infinity }))
  const kept = []
  const keep = ({ colour }) => {
    for (const one of all) {
      const far = distance(one.colour, colour)
      if (far < one.far) Object.assign(one, { far, nearest: kept.length })
    }
    kept.push(colour)
  }
  all.slice(0, COLOURS_MAX / 2).forEach(keep)
  while (kept.length < Math.min(COLOURS_MAX, all.length)) keep(all.reduce((worst, one) => (one.far * one.count > worst.far * worst.count ? one : worst)))
  return { kept, index: new Map(all.map(({ colour, nearest }) => [colour, nearest])) }
}

// Of eight bits a channel, not interlaced, as browsers write it.
export function small(png) {
  const chunks = [...chunksOf(png)]
  const header = Buffer.from(chunks[0][1])
  const [width, height, step] = [header.readUInt32BE(0), header.readUInt32BE(4), header[9] === 6 ? 4 : 3]
  const packed = Buffer.concat(chunks.filter(([type]) => type === 'IDAT').map(([, data]) => data))
  const lines = unfiltered(inflateSync(packed), height, width * step, step)
  const pixels = Uint32Array.from({ length: width * height }, (_, i) => lines.readUIntBE(i * step, 3))
  const { kept, index } = palette(pixels)
  const rows = Buffer.alloc(height * (width + 1))
  pixels.forEach((pixel, i) => (rows[i + Math.floor(i / width) + 1] = index.get(pixel)))
  header[9] = 3
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(kept.flatMap(parts))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
