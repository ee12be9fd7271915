/** Decodes base64. @throws DOMException if it is none */
export function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** Encodes bytes as base64. Browsers of before 2025 have no method for it. */
export function encodeBase64(bytes: Uint8Array): string {
  return typeof bytes.toBase64 === 'function' ? bytes.toBase64() : btoa(String.fromCharCode(...bytes))
}
