import { join } from 'node:path'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitFor } from '../wait-for.ts'
import { readMade } from './fake-server.ts'

/** The state of a fake in a process of its own, as `GET /control` shows it. */
export interface FakeComfyUiState {
  posts: number
  running: string | null
  pending: string[]
}

/** The fake of ComfyUI in a process of its own, which tests kill, stop and start again. Its files outlive it. */
export interface FakeComfyUiProcess extends AsyncDisposable {
  readonly url: string
  /** Prompts that were posted to every process that it had. */
  posts(): Promise<number>
  /** Ids of the prompts whose files were written, by every process that it had. */
  made(): Promise<string[]>
  state(): Promise<FakeComfyUiState>
  set(change: { stepMs?: number; version?: 'jobs-cancel' | 'jobs' | 'queue'; fault?: string | null }): Promise<void>
  /** SIGKILL: what it knows of prompts is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Sends SIGSTOP: nothing responds. */
  freeze(): void
  thaw(): void
}

const SERVER = join(import.meta.dirname, 'fake-server.ts')
const START_MS = 60_000

/** @param directory of its files; used by nothing else */
export async function startFakeComfyUiProcess(directory: string): Promise<FakeComfyUiProcess> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  let postsBefore = 0
  let lastPosts = 0
  const readState = async () => {
    const state = (await (await fetch(`${url}/control`)).json()) as FakeComfyUiState
    lastPosts = state.posts
    return state
  }
  const spawn = () =>
    Bun.spawn([process.execPath, SERVER, '--port', String(port), '--directory', directory], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const waitUntilReady = () =>
    waitFor('The fake of ComfyUI', START_MS, () => readState().then(Boolean, () => false), 20)
  let child = spawn()
  await waitUntilReady()
  return {
    url,
    posts: async () => postsBefore + (await readState()).posts,
    made: () => readMade(directory),
    state: readState,
    set: async change => {
      await (await fetch(`${url}/control`, { method: 'POST', body: JSON.stringify(change) })).body?.cancel()
    },
    kill: async () => {
      child.kill('SIGKILL')
      await child.exited
      postsBefore += lastPosts
      lastPosts = 0
    },
    start: async () => {
      child = spawn()
      await waitUntilReady()
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await child.exited
    },
  }
}
