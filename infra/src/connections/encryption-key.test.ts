import { expect, test } from 'bun:test'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { keyHmac, loadEncryptionKey, parseEncryptionKey } from './encryption-key.ts'
import { openKey, sealKey } from './secret-box.ts'

const KEY = new Uint8Array(32).fill(7)
const OTHER_KEY = new Uint8Array(32).fill(8)
const SECRET = 'sk-canary-0123456789'

test('several processes that create the file at once get the same key, which only its user can read', async () => {
  await using directory = await createTestDirectory()
  const DATA_DIR = join(directory.path, 'data')
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadEncryptionKey({ DATA_DIR })))
  expect(new Set(keys.map(key => Buffer.from(key).toString('hex'))).size).toBe(1)
  expect(keys[0]).toHaveLength(32)
  expect(await readdir(DATA_DIR)).toEqual(['encryption-key'])
  expect((await stat(join(DATA_DIR, 'encryption-key'))).mode & 0o777).toBe(0o600)
  const ENCRYPTION_KEY = Buffer.from(KEY).toString('hex')
  expect(await loadEncryptionKey({ DATA_DIR, ENCRYPTION_KEY })).toEqual(KEY)
  await writeFile(join(DATA_DIR, 'encryption-key'), 'damaged')
  expect(loadEncryptionKey({ DATA_DIR })).rejects.toThrow('32 bytes')
  expect(await readFile(join(DATA_DIR, 'encryption-key'), 'utf8')).toBe('damaged')
})

test('reads 32 bytes in hex and in both alphabets of base64, and nothing else', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => 255 - index)
  const base64 = Buffer.from(bytes).toString('base64')
  const texts = [Buffer.from(bytes).toString('hex'), base64, `${base64}\n`, Buffer.from(bytes).toString('base64url')]
  for (const text of texts) expect(parseEncryptionKey(text)).toEqual(bytes)
  for (const text of ['', 'short', base64.slice(4), `${base64.slice(0, 20)}!${base64.slice(20)}`, `${base64}AAAA`])
    expect(() => parseEncryptionKey(text)).toThrow(/^the encryption key is not 32 bytes in hex or base64$/)
})

test('a sealed key is opened by the same connection alone, with the same encryption key, unchanged', () => {
  const sealed = sealKey(KEY, 'openai', SECRET)
  expect(openKey(KEY, 'openai', sealed)).toBe(SECRET)
  expect(openKey(KEY, 'openai', sealKey(KEY, 'openai', 'schlüssel'))).toBe('schlüssel')
  expect(Buffer.from(sealed).includes(SECRET.slice(3))).toBe(false)
  expect(Buffer.from(sealKey(KEY, 'openai', SECRET))).not.toEqual(Buffer.from(sealed))
  expect(() => openKey(KEY, 'openai-2', sealed)).toThrow()
  expect(() => openKey(OTHER_KEY, 'openai', sealed)).toThrow()
  for (let position = 0; position < sealed.length; position += 1) {
    const damaged = Uint8Array.from(sealed)
    damaged[position] = (damaged[position] ?? 0) ^ 1
    expect(() => openKey(KEY, 'openai', damaged)).toThrow()
  }
  for (const length of [0, 1, 12, 28, sealed.length - 1])
    expect(() => openKey(KEY, 'openai', sealed.slice(0, length))).toThrow()
})

test('the comparison text of a key depends on both keys, and contains neither', () => {
  const text = keyHmac(KEY, SECRET)
  expect(text).toMatch(/^[0-9a-f]{64}$/)
  expect(keyHmac(KEY, SECRET)).toBe(text)
  expect(keyHmac(KEY, `${SECRET} `)).not.toBe(text)
  expect(keyHmac(OTHER_KEY, SECRET)).not.toBe(text)
})
