/**
 * Whether an address is one that anybody on the internet may reach: no loopback, private, shared, link-local (and so no metadata
 * service), documentation, multicast or reserved range, and no IPv6 form that carries an IPv4 address inside (mapped, NAT64,
 * 6to4, Teredo). Takes dotted IPv4, and IPv6 with or without brackets; what is neither is `false`.
 * Ranges: the IANA special-purpose address registries.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '')
  const four = ipv4(bare)
  if (four) return isPublic4(four)
  const six = ipv6(bare)
  return six !== undefined && isPublic6(six)
}

/** Whether a host, as a URL has it, is an address and not a name. */
export const isAddress = (host: string): boolean => host.startsWith('[') || ipv4(host) !== undefined

/** First octets and how many bits of them count. */
const closed4: readonly (readonly [number, number])[] = (
  [
    [0, 0, 0, 0, 8],
    [10, 0, 0, 0, 8],
    [100, 64, 0, 0, 10],
    [127, 0, 0, 0, 8],
    [169, 254, 0, 0, 16],
    [172, 16, 0, 0, 12],
    [192, 0, 0, 0, 24],
    [192, 0, 2, 0, 24],
    [192, 31, 196, 0, 24],
    [192, 52, 193, 0, 24],
    [192, 88, 99, 0, 24],
    [192, 168, 0, 0, 16],
    [192, 175, 48, 0, 24],
    [198, 18, 0, 0, 15],
    [198, 51, 100, 0, 24],
    [203, 0, 113, 0, 24],
    [224, 0, 0, 0, 3],
  ] as const
).map(([a, b, c, d, bits]) => [a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d, 2 ** (32 - bits)])

function isPublic4(octets: readonly number[]): boolean {
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  return !closed4.some(([from, size]) => number >= from && number < from + size)
}

/** Only 2000::/3 is given out at all; within it: the IETF's 2001::/23 (Teredo, ORCHID …), documentation, 6to4. */
function isPublic6([first, second]: readonly number[]): boolean {
  if (first === undefined || second === undefined || first < 0x2000 || first > 0x3fff) return false
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false
  if (first === 0x2002) return false
  return !(first === 0x3fff && second < 0x1000)
}

function ipv4(text: string): number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined
  const octets = text.split('.').map(Number)
  return octets.every((octet) => octet < 256) ? octets : undefined
}

/** Eight groups of 16 bits. */
function ipv6(text: string): number[] | undefined {
  // a zone belongs to one machine only
  if (text.length > 45 || !/^[\da-f:.]+$/i.test(text)) return undefined
  const dotted = text.lastIndexOf(':') + 1
  const tail = text.includes('.') ? ipv4(text.slice(dotted)) : undefined
  if (text.includes('.') && !tail) return undefined
  const plain = tail
    ? `${text.slice(0, dotted)}${(tail[0]! * 256 + tail[1]!).toString(16)}:${(tail[2]! * 256 + tail[3]!).toString(16)}`
    : text
  const halves = plain.split('::')
  if (halves.length > 2) return undefined
  const [head, rest] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const groups = rest ? [...head!, ...Array.from({ length: 8 - head!.length - rest.length }, () => '0'), ...rest] : head!
  if (groups.length !== 8 || (rest && head!.length + rest.length > 7) || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group)))
    return undefined
  return groups.map((group) => parseInt(group, 16))
}
