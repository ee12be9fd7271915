import { expect } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { type FakeComfyUiProcess, startFakeComfyUiProcess } from '../../testing/fake-comfyui/fake-process.ts'
import { waitForModels } from '../../testing/studio/connections-client.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'

/** A studio whose processor has a ComfyUI server, the fake, in a process of its own. */
export interface ComfyUiStudio extends AsyncDisposable {
  stack: TestStack
  fake: FakeComfyUiProcess
}

const START_MS = 60_000
const WAIT_MS = 60_000
const STEPS = 4

export async function startComfyUiStudio(env: Record<string, string> = {}): Promise<ComfyUiStudio> {
  await using disposables = new AsyncDisposableStack()
  const directory = disposables.use(await createTestDirectory())
  const fake = disposables.use(await startFakeComfyUiProcess(directory.path))
  const stack = disposables.use(await startTestStack({ env: { COMFYUI_URL: fake.url, ...env } }))
  await waitForModels(stack.client, 'comfyui', { milliseconds: START_MS })
  const parts = disposables.move()
  return { stack, fake, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** Submits a prompt of a small size. @returns the id of its generation */
export async function submitPrompt({ stack }: ComfyUiStudio, prompt: string, numOutputs = 1): Promise<string> {
  const parameters = { numOutputs, aspectRatio: '1:1', resolution: 512, settings: { steps: STEPS } }
  const { id } = await stack.client.submit({ prompt, model: 'comfyui/Text to image', parameters })
  return id
}

/** Prompts that a server has received, and made. */
export interface ExpectedPrompts {
  posts: number
  made: number
}

/** Notes what a server has received and made, so that a case counts its own. */
export async function countPrompts({ fake }: ComfyUiStudio): Promise<ExpectedPrompts> {
  return { posts: await fake.posts(), made: (await fake.made()).length }
}

/** Waits until a generation is complete, and asserts what its server has received and made for it. */
export async function expectMade(
  studio: ComfyUiStudio,
  id: string,
  before: ExpectedPrompts,
  expected: ExpectedPrompts,
): Promise<Generation> {
  const { stack, fake } = studio
  const made = await stack.client.waitForGeneration(id, isFinished, WAIT_MS)
  const states = made.outputs.map(({ state }) => state)
  expect([made.status, made.error?.code, new Set(states)]).toEqual(['completed', undefined, new Set(['stored'])])
  const after = await countPrompts(studio)
  expect({ posts: after.posts - before.posts, made: after.made - before.made }).toEqual(expected)
  const ids = await fake.made()
  expect(new Set(ids).size).toBe(ids.length)
  return made
}

/** Waits until the server runs a prompt, or until one waits there. */
export async function waitForPrompt({ fake }: ComfyUiStudio, where: 'running' | 'pending' | 'anywhere'): Promise<void> {
  await waitFor(
    `A prompt that is ${where}`,
    WAIT_MS,
    async () => {
      const { running, pending } = await fake.state()
      if (where === 'anywhere') return running !== null || pending.length > 0
      return where === 'running' ? running !== null : pending.length > 0
    },
    10,
  )
}
