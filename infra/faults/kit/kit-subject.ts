import { startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import { startFakeOpenAiCompatible } from '../../testing/fake-openai-compatible/fake-server.ts'
import type { Flavour } from '../../testing/fake-openai-compatible/flavours.ts'
import type { WireFake } from '../../testing/provider-fakes/wire-fake.ts'

/** A fake provider. */
export interface KitFake extends WireFake {
  /** Polls until a call is finished, of a provider whose calls are polled. */
  setPolls?(polls: number): void
}

/** An adapter, in one way of its use, and the fake of its provider. */
export interface KitSubject {
  name: string
  /** Id of its connection, which comes from the environment. */
  connection: string
  settings: Record<string, unknown>
  /** Whether a call is answered with an id, by which it is polled. */
  isPolled: boolean
  /** Whether its calls cost nothing, so that one whose outcome is unknown is made again. */
  isFree: boolean
  /** Text of a submission that has reference images. */
  referenceMark: string
  startFake(): Promise<KitFake>
  /** Returns the settings that make its connection. */
  createEnv(fake: { url: string; key: string }): Record<string, string>
}

const openAi = {
  isFree: false,
  connection: 'openai',
  startFake: startFakeOpenAi,
  createEnv: ({ url, key }: { url: string; key: string }) => ({ OPENAI_API_KEY: key, OPENAI_BASE_URL: url }),
}

/** The subjects of the kit. An adapter that is new is added here. */
export const KIT_SUBJECTS: readonly KitSubject[] = [
  { ...openAi, name: 'openai', settings: { quality: 'low' }, isPolled: false, referenceMark: 'name="image[]"' },
  {
    ...openAi,
    name: 'openai-resumable',
    settings: { quality: 'low', resumable: true },
    isPolled: true,
    referenceMark: '"input_image"',
  },
  createCompatible('localai', { isFree: true, referenceMark: '"ref_images"' }),
  createCompatible('litellm', { isFree: false, referenceMark: 'name="image[]"' }),
]

function createCompatible(flavour: Flavour, own: Pick<KitSubject, 'isFree' | 'referenceMark'>): KitSubject {
  return {
    name: `openai-compatible (${flavour})`,
    connection: 'openai-compatible',
    settings: {},
    isPolled: false,
    ...own,
    startFake: () => startFakeOpenAiCompatible({ flavour }),
    createEnv: ({ url, key }) => ({ OPENAI_COMPATIBLE_URL: url, OPENAI_COMPATIBLE_KEY: key }),
  }
}
