import type { FalModel } from './fal-model.ts'
import { IMAGE_MODELS } from './image-models.ts'
import { VIDEO_MODELS } from './video-models.ts'

/**
 * Endpoints of fal that the studio knows how to call, as data. The names of their fields are [S] fal-ai/fal-js@381105e, `types/endpoints.ts`
 * (2026-08-02); numbers of images and largest sizes that it does not have are marked. Options, ranges and prices are those that fal lists
 * when models are asked for, and these where it lists none. They are by their first endpoint; the one to be offered first is before all
 * others.
 */
export const CATALOGUE: Readonly<Record<string, FalModel>> = { ...IMAGE_MODELS, ...VIDEO_MODELS }

/** Returns the name at fal of a model's id: the text after the first slash. */
export function toFalModel(id: string): string {
  return id.slice(id.indexOf('/') + 1)
}

/** Lists the endpoints of all models. */
export function listEndpoints(): string[] {
  return Object.values(CATALOGUE).flatMap(({ routes }) => Object.values(routes).map(({ endpoint }) => endpoint))
}
