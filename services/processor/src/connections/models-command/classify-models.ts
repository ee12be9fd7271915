import type { ModelSpec } from '@darkroom/contracts/model'

/**
 * State of a model in the list. `offered`: by its connection, as the catalogue or the server describes it. `not-in-catalogue`: offered as
 * well, and the catalogue of its kind does not know it. `retiring`: offered until a day that is named. `retired`: something was made with
 * it, and its connection offers it no more.
 */
export type ModelState = 'offered' | 'not-in-catalogue' | 'retiring' | 'retired'

/** A model as it is listed. */
export interface ListedModel {
  id: string
  state: ModelState
  /** Words about what it makes and costs, or why it is in its state. */
  detail: string
}

/** A model with which something was made. */
export interface UsedModel {
  id: string
  generations: number
}

/**
 * Returns the models of a connection, each in its state.
 *
 * @param offered by the connection now
 * @param used models of its generations
 */
export function classifyModels(offered: readonly ModelSpec[], used: readonly UsedModel[]): ListedModel[] {
  // Of a server whose models are all found by themselves there is no catalogue that could lack one.
  const hasCatalogue = offered.some(({ source }) => source === 'catalogue')
  const ids = new Set(offered.map(({ id }) => id))
  return [
    ...offered.map(model => ({ id: model.id, state: findState(model, hasCatalogue), detail: describe(model) })),
    ...used
      .filter(({ id }) => !ids.has(id))
      .map(({ id, generations }): ListedModel => ({ id, state: 'retired', detail: formatUse(generations) })),
  ]
}

function findState({ source, retiresAt }: ModelSpec, hasCatalogue: boolean): ModelState {
  if (retiresAt !== null) return 'retiring'
  return source === 'discovered' && hasCatalogue ? 'not-in-catalogue' : 'offered'
}

function describe({ kind, operations, price, retiresAt }: ModelSpec): string {
  const facts = [kind, operations.join(' '), `price: ${price.kind}`]
  return [...facts, ...(retiresAt === null ? [] : [`retires ${retiresAt.slice(0, 10)}`])].join('  ')
}

function formatUse(generations: number): string {
  return `${generations} ${generations === 1 ? 'generation' : 'generations'} made with it`
}
