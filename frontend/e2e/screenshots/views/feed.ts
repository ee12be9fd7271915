import type { Page } from 'playwright-core'
import { ROW_STATES, serveRowStates } from '../../row-states.ts'
import type { View } from '../capture.ts'
import type { Gallery } from '../gallery/gallery.ts'
import { findRow, waitForTile } from '../steps.ts'

const LIST = /\/api\/generations(\?|$)/
const WITH_POINTER = ['desktop', 'tablet'] as const

/** The studio before anything was made, and when its feed cannot be loaded. */
export const EMPTY_VIEWS: readonly View[] = [
  { name: 'feed-0', show: page => page.locator('.welcome').waitFor() },
  {
    name: 'feed-not-loaded',
    serve: page => page.route(LIST, route => route.fulfill({ status: 500, body: '' })),
    show: page => page.getByRole('alert').waitFor(),
  },
]

/** The feed with one generation. */
export const FIRST_VIEWS: readonly View[] = [{ name: 'feed-1', show: page => waitForTile(page) }]

/** Lists the views of the feed of a gallery. */
export function listFeedViews({ get }: Gallery): View[] {
  const at = (name: string, position: number): View => ({
    ...{ name, hash: `#g=${get(position).id}` },
    show: page => findRow(page, get(position)).waitFor(),
  })
  const inDensity = (density: string): View => ({
    name: `feed-${density}`,
    storage: { 'darkroom.density': density },
    show: page => waitForTile(page),
  })
  return [
    { name: 'feed', show: page => waitForTile(page) },
    inDensity('large'),
    inDensity('small'),
    at('feed-references', 22),
    at('feed-right-to-left', 10),
    at('feed-tall', 18),
    at('feed-video', 27),
    at('feed-failed-row', 33),
    at('feed-child', 38),
    ...listPointerViews(get(-1).id),
  ]
}

function listPointerViews(id: string): View[] {
  const row = (page: Page) => page.locator(`article[data-generation-id="${id}"]`)
  return [
    { name: 'feed-hover', sizes: WITH_POINTER, show: page => row(page).locator('[data-output-index="0"]').hover() },
    {
      name: 'feed-focus',
      sizes: WITH_POINTER,
      show: async page => {
        await row(page).locator('[data-output-index="0"]').focus()
        await page.keyboard.press('ArrowRight')
      },
    },
    {
      name: 'feed-tile-menu',
      sizes: WITH_POINTER,
      show: async page => {
        await row(page).locator('[data-output-index="0"]').hover()
        await row(page)
          .getByRole('button', { name: /^More actions for/ })
          .first()
          .click()
        await page.getByRole('menu').waitFor()
      },
    },
    {
      name: 'feed-row-menu',
      show: async page => {
        await row(page).getByRole('button', { name: 'More actions: ' }).click()
        await page.getByRole('menu').waitFor()
      },
    },
    {
      name: 'feed-scrubber',
      show: async page => {
        await waitForTile(page)
        await page.getByRole('slider').focus()
        await page.keyboard.press('PageUp')
      },
    },
  ]
}

/** The feed while its newest generation is being made. */
export const RUNNING_VIEWS: readonly View[] = [
  { name: 'feed-running', show: page => page.getByRole('progressbar').first().waitFor() },
]

/** The feed of ten thousand generations. */
export const LARGE_VIEWS: readonly View[] = [
  { name: 'feed-10000', show: page => waitForTile(page) },
  {
    name: 'feed-10000-small',
    storage: { 'darkroom.density': 'small' },
    show: page => waitForTile(page),
  },
]

/** Rows in states that the demo does not come into, each by a part of its prompt. */
export const ROW_STATE_VIEWS: readonly View[] = [
  ['panoramas', 'ten panoramas'],
  ['references', 'eight references'],
  ['refused', 'portrait of the mayor'],
  ['videos', 'three lakes'],
  ['gaps', 'a set with gaps'],
  ['queued', 'a lighthouse in the queue'],
  ['waiting', 'a paper boat for which'],
  ['newest', 'one dahlia'],
].map(([name = '', prompt = '']) => ({
  name: `row-${name}`,
  hash: `#g=${ROW_STATES.find(row => row.prompt.includes(prompt))?.id}`,
  serve: serveRowStates,
  show: page => page.getByRole('article').filter({ hasText: prompt }).waitFor(),
}))
