import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Reads the secret from a file that only its owner can read. Creates it on first use. */
export async function readOrCreateSecret(file: string): Promise<string> {
  const existing = await readFile(file, 'utf8').catch(() => '')
  if (existing.trim() !== '') return existing.trim()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const secret = randomBytes(24).toString('hex')
  // Written beside and renamed, so that a launcher killed here does not leave half a secret.
  await writeFile(`${file}.new`, secret, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return secret
}
