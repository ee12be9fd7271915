import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The secret kept in a file that only its owner can read; made on first use. */
export async function readOrCreateSecret(file: string): Promise<string> {
  const existing = await readFile(file, 'utf8').catch(() => '')
  if (existing.trim() !== '') return existing.trim()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const secret = randomBytes(24).toString('hex')
  // Written beside and renamed: a launcher that is killed here leaves no half a secret.
  await writeFile(`${file}.new`, secret, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return secret
}
