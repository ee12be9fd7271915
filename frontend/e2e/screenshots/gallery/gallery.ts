import type { Generation } from '@darkroom/contracts/generation'
import { openStudioHistory, type StudioHistory } from '../../../../infra/testing/data/history.ts'
import { isFinished } from '../../../../infra/testing/studio/studio-client.ts'
import type { TestStudio } from '../../../../infra/testing/studio/test-studio.ts'
import { GALLERY_PROMPTS, type GalleryPrompt } from './prompts.ts'

/** A studio after months of use: its images are drawn by the demo from prompts, submitted as a person submits them. */
export interface Gallery extends AsyncDisposable {
  /** Makes the first generation. */
  makeFirst(): Promise<void>
  /** Makes all others, gives each its date, and makes favourites, a failure, a video and the trash of them. */
  makeOthers(): Promise<void>
  /** Turns the newest generation back into one that has two of its four images. */
  startRunning(): Promise<void>
  /** Returns a generation by its position in the list of prompts, from the end if it is negative. */
  get(position: number): Generation
}

/** An output takes a second or two. */
const DRAWING_TIMEOUT_MS = 300_000

export async function openGallery(studio: TestStudio): Promise<Gallery> {
  const history = await openStudioHistory(studio)
  const made: Generation[] = []
  const get = (position: number) => {
    const generation = made.at(position)
    if (!generation) throw new Error(`the gallery has no generation ${position}`)
    return generation
  }
  const make = async (prompt: GalleryPrompt) => void made.push(await makeGeneration(studio, prompt, get))
  return {
    get,
    makeFirst: async () => {
      for (const prompt of GALLERY_PROMPTS.slice(0, 1)) await make(prompt)
    },
    makeOthers: async () => {
      for (const prompt of GALLERY_PROMPTS.slice(1)) await make(prompt)
      for (const [position, prompt] of GALLERY_PROMPTS.entries()) await finish(history, get(position), prompt)
    },
    startRunning: () => startRunning(history, get(-1)),
    [Symbol.asyncDispose]: () => history[Symbol.asyncDispose](),
  }
}

async function makeGeneration(
  studio: TestStudio,
  { prompt, ratio, outputs, reference, parent }: GalleryPrompt,
  get: Gallery['get'],
): Promise<Generation> {
  const source = parent ?? reference
  const { id } = await studio.submit({
    ...{ prompt, model: 'demo', parameters: { aspectRatio: ratio, numOutputs: outputs } },
    ...(source === undefined ? {} : { referenceImages: [await readOutput(studio, get(source))] }),
    ...(parent === undefined ? {} : { parent: { generationId: get(parent).id, outputIndex: 0, verb: 'vary' } }),
  })
  return await studio.waitForGeneration(id, isFinished, DRAWING_TIMEOUT_MS)
}

/** Returns the first output of a generation as a data URL. */
async function readOutput(studio: TestStudio, { outputs }: Generation): Promise<string> {
  const bytes = await (await studio.fetch(outputs[0]?.url ?? '')).bytes()
  return `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`
}

/** Moves a generation to its date, and makes of it what it is in the gallery. */
async function finish(history: StudioHistory, { id }: Generation, entry: GalleryPrompt): Promise<void> {
  const { hoursAgo, favourites = [], isVideo = false, isFailed = false, isTrashed = false } = entry
  await history.updateGeneration(id, async tx => {
    await tx`
      with moved as (select id, now() - make_interval(hours => ${hoursAgo}) - created_at as by from generations where id = ${id})
      update generations g set created_at = created_at + by, started_at = started_at + by, completed_at = completed_at + by,
        deleted_at = case when ${isTrashed} then now() - make_interval(days => ${hoursAgo % 27}::int) end
      from moved where g.id = moved.id`
    // The document is written when the transaction ends, and its date only when it is new.
    await tx`
      update generation_documents d set created_at = g.created_at from generations g
      where g.id = d.generation_id and g.id = ${id}`
    for (const index of favourites)
      await tx`update generation_outputs set favourite = true where generation_id = ${id} and index = ${index}`
    if (isVideo) {
      await tx`update generations set kind = 'video' where id = ${id}`
      await tx`update generation_outputs set kind = 'video', mime_type = 'video/mp4', duration = 5 where generation_id = ${id}`
    }
    if (isFailed) {
      const error = { code: 'content_refused', message: 'The provider says it may break its rules on real people.' }
      await tx`update generations set status = 'failed', error = ${tx.json(error)} where id = ${id}`
      await tx`update generation_outputs set state = 'failed', key = null, placeholder = null where generation_id = ${id}`
    }
  })
}

async function startRunning(history: StudioHistory, { id }: Generation): Promise<void> {
  await history.updateGeneration(id, async tx => {
    await tx`
      update generations set status = 'processing', completed_at = null, started_at = now(), estimated_seconds = 40,
        created_at = now() where id = ${id}`
    await tx`update generation_documents set created_at = now() where generation_id = ${id}`
    await tx`
      update generation_jobs set lease_owner = 'screenshots', lease_until = now() + interval '1 hour'
      where generation_id = ${id}`
    await tx`
      update generation_outputs set state = 'pending', key = null, placeholder = null, favourite = false
      where generation_id = ${id} and index >= 2`
  })
}
