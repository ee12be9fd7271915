import type { Generation } from '@darkroom/contracts/generation'
import type { Client } from '../../testing/invariants/client.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import { createImageDraft } from './load.ts'

/** Submits images and waits until the generation has ended. */
export async function generate(
  client: Client,
  prompt: string,
  parameters: Record<string, unknown> = {},
): Promise<Generation> {
  const { id } = await client.submit(createImageDraft(prompt, parameters))
  return await client.waitForGeneration(id, isFinished)
}

export function listOutputStates({ outputs }: Generation): string[] {
  return outputs.map(({ state }) => state)
}

/** Runs `work` beside another processor, which is gone after it, also if it fails: later tests expect one. */
export async function withAnotherProcessor(
  stack: TestStack,
  env: Record<string, string>,
  work: () => Promise<void>,
): Promise<void> {
  const other = await stack.addProcessor(env)
  await using _ = { [Symbol.asyncDispose]: () => stack.removeProcessor(other) }
  await work()
}
