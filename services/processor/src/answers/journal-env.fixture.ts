import { expect } from 'bun:test'
import { join } from 'node:path'
import type { SavedAnswer } from '../providers/adapter.ts'
import type { Journal, JournaledCall } from './journal.ts'

const neverAborted = new AbortController().signal

export function createCall(): JournaledCall {
  return { generationId: crypto.randomUUID(), call: 0, attempt: 1, provider: 'fake', model: 'fake-bytes' }
}

export async function listStates(journal: Journal, { generationId }: JournaledCall): Promise<string[]> {
  return (await journal.list(generationId)).map(({ state }) => state)
}

export async function readBytes(answer: SavedAnswer): Promise<Buffer> {
  await answer.headers()
  return Buffer.concat(await Array.fromAsync(answer.body(neverAborted)))
}

/** Starts a process that has received some bytes of an answer. */
export async function startWriter(directory: string, call: JournaledCall, bytes: number) {
  const file = join(import.meta.dirname, 'journal-writer.fixture.ts')
  const child = Bun.spawn([process.execPath, file, directory, JSON.stringify(call), String(bytes)], { stdout: 'pipe' })
  const kill = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  const reader = child.stdout.getReader()
  expect((await reader.read()).done).toBe(false)
  return { pid: child.pid, kill, [Symbol.asyncDispose]: kill }
}
