/** Returns the headers of a key: that of a user and a password (`user:password`), or a token. None without a key. */
export function createKeyHeaders(key: string | null): Record<string, string> {
  if (key === null) return {}
  return { authorization: key.includes(':') ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}` }
}
