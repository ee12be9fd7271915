import { appendFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '@darkroom/contracts/problem'
import { getFreeBytes } from '../../src/runtime/disk-space.ts'
import { createStudioClient, postJson, type StudioClient } from '../studio/studio-client.ts'
import { waitFor } from '../wait-for.ts'
import { generateImage, isImageServed } from './generate-image.ts'
import { startLauncher, waitForLine } from './launcher.ts'

/**
 * Runs a studio from inside namespaces that other processes cannot reach: generates an image and then, with the argument `fill`,
 * fills the disk, changes and reads things, and makes room again. It prints the launcher's output and its own findings.
 */

const MEGABYTE = 1024 * 1024
const LEFT_BYTES = 64 * MEGABYTE
const CHUNK = new Uint8Array(8 * MEGABYTE)
const WAIT_MS = 60_000

const printLine = (line: string) => process.stdout.write(`${line}\n`)
const { DATA_DIR = '' } = process.env
const filler = join(DATA_DIR, 'filler')
const env = { ...(process.env as Record<string, string>), DARKROOM_PARENT_PID: String(process.pid) }
const launcher = startLauncher({ env, onLine: printLine })
const url = await launcher.url
const image = await generateImage(url)
printLine(`drawn: ${image}`)
if (process.argv.includes('fill')) await fillAndEmptyDisk()
process.exit(await launcher.stop())

async function fillAndEmptyDisk(): Promise<void> {
  while ((await getFreeBytes(DATA_DIR)) > LEFT_BYTES + CHUNK.byteLength) await appendFile(filler, CHUNK)
  await waitForLine(launcher, 'nothing is changed until there is room.', WAIT_MS)
  const client = createStudioClient(url)
  const removeUnknown = () => client.fetch(`/api/generate/${crypto.randomUUID()}`, { method: 'DELETE' })
  const readCode = async (response: Response) => Problem.parse(await response.json()).code
  // A service notices by itself, within two seconds.
  await waitFor('A service that notices', WAIT_MS, async () => (await readCode(await removeUnknown())) === 'disk_full')
  const refused = [
    await postJson(client.fetch, '/api/generate', { prompt: 'too late', model: 'demo' }),
    await client.fetch('/api/references', { method: 'POST', body: new FormData() }),
    await removeUnknown(),
    await runBackfill(client),
  ]
  const codes = await Promise.all(refused.map(readCode))
  printLine(`refused: ${codes.join(', ')}`)
  const page = await client.fetch('/api/generations')
  printLine(`read: ${page.status}, image served: ${await isImageServed(url, image)}`)
  await rm(filler)
  await waitForLine(launcher, 'Darkroom goes on with everything.', WAIT_MS)
  await waitFor('A service that goes on', WAIT_MS, async () => (await readCode(await removeUnknown())) !== 'disk_full')
  printLine(`drawn again: ${await generateImage(url)}`)
}

async function runBackfill(client: StudioClient): Promise<Response> {
  const secret = (await readFile(join(DATA_DIR, 'internal-api-secret'), 'utf8')).trim()
  return await client.fetch('/api/admin/backfill-reference-images', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-internal-secret': secret },
    body: '{}',
  })
}
