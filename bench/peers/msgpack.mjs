/** Reads MessagePack, as far as Datadog's agent protocol uses it. */
export function decode(bytes) {
  let at = 0
  const number = (method, size) => {
    const value = bytes[method](at)
    at += size
    return value
  }
  const unsigned = (size) =>
    size === 8 ? number('readBigUInt64BE', 8) : bytes.readUIntBE((at += size) - size, size)
  const text = (length) => bytes.toString('utf8', at, (at += length))
  const list = (length) => Array.from({ length }, value)
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]))
  const binary = (length) => bytes.subarray(at, (at += length))

  function value() {
    const type = unsigned(1)
    if (type <= 0x7f) return type
    if (type <= 0x8f) return map(type & 0x0f)
    if (type <= 0x9f) return list(type & 0x0f)
    if (type <= 0xbf) return text(type & 0x1f)
    if (type >= 0xe0) return type - 0x100
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
      case 0xc3:
        return type === 0xc3
      case 0xca:
        return number('readFloatBE', 4)
      case 0xcb:
        return number('readDoubleBE', 8)
      case 0xd0:
        return number('readInt8', 1)
      case 0xd1:
        return number('readInt16BE', 2)
      case 0xd2:
        return number('readInt32BE', 4)
      case 0xd3:
        return number('readBigInt64BE', 8)
    }
    // What is left comes in families of one, two, four and eight bytes of length or value.
    if (type >= 0xc4 && type <= 0xc6) return binary(unsigned(2 ** (type - 0xc4)))
    if (type >= 0xcc && type <= 0xcf) return unsigned(2 ** (type - 0xcc))
    if (type >= 0xd9 && type <= 0xdb) return text(unsigned(2 ** (type - 0xd9)))
    if (type === 0xdc || type === 0xdd) return list(unsigned(2 ** (type - 0xdb)))
    if (type === 0xde || type === 0xdf) return map(unsigned(2 ** (type - 0xdd)))
    throw new Error(`MessagePack type ${type} at ${at}`)
  }
  return value()
}
