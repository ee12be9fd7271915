import { createHmac, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readErrorCode, toUndefinedIfMissing } from '../runtime/error-code.ts'

/** 32 bytes that encrypt the keys of connections. */
export type EncryptionKey = Uint8Array

interface KeyConfig {
  ENCRYPTION_KEY?: string | undefined
  DATA_DIR: string
}

const KEY_FILE = 'encryption-key'
const KEY_BYTES = 32

/**
 * Returns the encryption key: `ENCRYPTION_KEY`, else that of a file in the data directory, which is created if it is missing. Several
 * processes may create it at once: the first one counts.
 *
 * @throws Error if either is not 32 bytes
 */
export async function loadEncryptionKey(config: KeyConfig): Promise<EncryptionKey> {
  const known = await findEncryptionKey(config)
  return known ?? parseEncryptionKey(await createKeyFile(config.DATA_DIR, join(config.DATA_DIR, KEY_FILE)))
}

/** Returns the encryption key, and creates none. @throws Error if it is not 32 bytes */
export async function findEncryptionKey({ ENCRYPTION_KEY, DATA_DIR }: KeyConfig): Promise<EncryptionKey | undefined> {
  if (ENCRYPTION_KEY !== undefined) return parseEncryptionKey(ENCRYPTION_KEY)
  const known = await readFile(join(DATA_DIR, KEY_FILE), 'utf8').catch(toUndefinedIfMissing)
  return known === undefined ? undefined : parseEncryptionKey(known)
}

/** Parses 32 bytes in hex or base64. @throws Error otherwise, without the text */
export function parseEncryptionKey(text: string): EncryptionKey {
  const trimmed = text.trim()
  const bytes = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64')
  const isText = /^[A-Za-z0-9+/_-]+=?$/.test(trimmed)
  if (!isText || bytes.byteLength !== KEY_BYTES) throw new Error('the encryption key is not 32 bytes in hex or base64')
  return new Uint8Array(bytes)
}

/** Returns a text by which two keys can be compared, and neither be found. */
export function keyHmac(encryptionKey: EncryptionKey, text: string): string {
  return createHmac('sha256', encryptionKey).update(text).digest('hex')
}

async function createKeyFile(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const own = `${path}.${crypto.randomUUID()}`
  try {
    await using file = await open(own, 'wx', 0o600)
    await file.writeFile(randomBytes(KEY_BYTES).toString('base64'))
    await file.sync()
    // A link, not a rename: it never replaces the file of another process.
    await link(own, path).catch(error => {
      if (readErrorCode(error) !== 'EEXIST') throw error
    })
  } finally {
    await rm(own, { force: true })
  }
  // A key that a power cut took away would take every stored key with it.
  await using folder = await open(directory, 'r')
  await folder.sync()
  return await readFile(path, 'utf8')
}
