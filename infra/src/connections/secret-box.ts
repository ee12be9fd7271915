import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { EncryptionKey } from './encryption-key.ts'

const ALGORITHM = 'aes-256-gcm'
const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts the key of a connection with AES-256-GCM and a nonce of its own. Only the same connection can open it.
 *
 * @returns version, nonce, authentication tag and ciphertext
 * @see https://csrc.nist.gov/pubs/sp/800/38/d/final
 */
export function sealKey(encryptionKey: EncryptionKey, connectionId: string, text: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, encryptionKey, nonce)
  cipher.setAAD(Buffer.from(connectionId))
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext])
}

/** Decrypts the key of a connection. @throws Error for another connection, another encryption key, or damaged bytes */
export function openKey(encryptionKey: EncryptionKey, connectionId: string, sealed: Uint8Array): string {
  const bytes = Buffer.from(sealed)
  if (bytes[0] !== VERSION) throw new Error('the key was sealed by another version')
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
  const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES)
  const decipher = createDecipheriv(ALGORITHM, encryptionKey, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(connectionId))
  decipher.setAuthTag(tag)
  const text = [decipher.update(bytes.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()]
  return Buffer.concat(text).toString('utf8')
}
