import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { purgeLocked } from '../../infra/src/generations/purge.ts'
import { LOCAL_OWNER } from '../../infra/src/http/identity.ts'
import { createAxe } from './axe.ts'
import {
  delayPages,
  findReadRow,
  getScroll,
  listRowsInView,
  scrollByWheel,
  startProbe,
  waitForFrames,
  waitUntilSettled,
} from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 10_000
/** Every so manyth generation has the word, is a favourite, or is in the trash. */
const [WORD, FAVOURITE, TRASHED] = [40, 20, 50]

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT, { env: { TRASH_DAYS: '29' } })
  await prepareLists()
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('favourites are a feed of their own, to the pixel: newest first seen, paged both ways, live, and left for where one was', async () => {
  const { page, pageErrors } = await seeded.open()
  for (let turn = 0; turn < 5; turn += 1) await scrollByWheel(page, -1_237)
  const before = await listRowsInView(page)
  await page.getByRole('link', { name: 'Favourites' }).click()
  await page.getByText(`No. ${COUNT - FAVOURITE / 2}:`).waitFor()
  expect(await page.getByRole('link', { name: 'Favourites' }).getAttribute('aria-current')).toBe('page')
  await expectAtEnd(page)
  await expectAccessible(page)

  await expectOlderPageWithoutShift(page)
  await expectNumbers(page, number => number % FAVOURITE === FAVOURITE / 2)

  const read = await listRowsInView(page)
  const top = Math.min(...read.map(({ number }) => number))
  const added = await seeded.history.findId(top - 3)
  await expectStillWhile(page, async height => {
    await setFavourite(added, true)
    await page.waitForFunction(old => document.documentElement.scrollHeight > old, height)
  })
  await scrollByWheel(page, -500)
  await page.getByText(`No. ${top - 3}:`).waitFor()
  // What is no favourite any more stays until the list is left.
  await setFavourite(added, false)
  await waitForFrames(page, 20)
  expect(await page.getByText(`No. ${top - 3}:`).count()).toBe(1)

  await scrollByWheel(page, 2_500)
  const saved = await listRowsInView(page)
  // The address is written a moment after the scroll.
  await page.waitForFunction(
    ids => ids.some(id => location.hash === `#favourites?g=${id}`),
    saved.map(({ id }) => id),
  )
  await page.goBack()
  await page.waitForFunction(() => !location.hash.startsWith('#favourites'))
  await expectRows(page, before)
  await page.goForward()
  await page.waitForFunction(() => location.hash.startsWith('#favourites'))
  await expectRows(page, saved)
  await page.reload()
  await expectNumbers(page, number => number % FAVOURITE === FAVOURITE / 2)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('the line of filters opens with the search, and goes with its focus unless something is filtered', async () => {
  const { page, pageErrors } = await seeded.open()
  const bar = page.getByRole('toolbar', { name: 'Filters' })
  const before = await listRowsInView(page)
  await page.keyboard.press('/')
  await bar.waitFor()
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).click()
  await bar.waitFor({ state: 'detached' })
  expect(await listRowsInView(page)).toEqual(before)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).getByText('In the lightbox').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await bar.getByRole('button', { name: 'Model', exact: true }).click()
  await bar.getByText('Demo (no AI model)', { exact: true }).click()
  await page.waitForFunction(() => location.hash.includes('model=demo'))
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).click()
  await waitForFrames(page, 5)
  expect(await bar.count()).toBe(1)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('searches from the keyboard, follows what is made meanwhile, names the filter that nothing matches, and goes back', async () => {
  const { page, pageErrors } = await seeded.open()
  for (let turn = 0; turn < 3; turn += 1) await scrollByWheel(page, -911)
  const before = await listRowsInView(page)
  await page.keyboard.press('/')
  await page.keyboard.type('vall')
  await page.getByText(`No. ${COUNT}:`).waitFor()
  await page.waitForFunction(() => location.hash.startsWith('#search?q=vall'))
  // Until its answer is there, the rows are those of the list before.
  const found = page.waitForResponse(/\/api\/generations\?.*q=valley/)
  await page.keyboard.type('ey')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => location.hash.startsWith('#search?q=valley'))
  await found
  await page.locator('[role="feed"][aria-busy="false"]').waitFor()
  await expectNumbers(page, number => number % WORD === 0)
  await expectAtEnd(page)
  await expectOlderPageWithoutShift(page)
  await expectNumbers(page, number => number % WORD === 0)
  await expectAccessible(page)

  // Of two that change, the one with the word is found, in its position.
  const [first] = (await listRowsInView(page)).toSorted((a, b) => a.number - b.number)
  const number = (first?.number ?? 0) - 1
  await addWord([number, number - 1], [number])
  await scrollByWheel(page, -400)
  await page.getByText(`No. ${number}:`).waitFor()
  expect(await page.getByText(`No. ${number - 1}:`).count()).toBe(0)

  await page.keyboard.press('/')
  await page.keyboard.type('valley zebra')
  await page.getByText('No generation matches “valley zebra”.').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expectSearchFocused(page)
  await page.waitForFunction(() => !location.hash.startsWith('#search'))
  await expectRows(page, before)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('the trash tells when each is deleted permanently, restores with undo, and is emptied after a confirmation', async () => {
  const { page, pageErrors } = await seeded.open({ path: '/#trash' })
  const newest = COUNT - TRASHED + 3
  await page.getByText(`No. ${newest}:`).waitFor()
  await expectNumbers(page, number => number % TRASHED === 3)
  const row = page.getByRole('article').filter({ hasText: `No. ${newest}:` })
  await row.getByText('2 days left').waitFor()
  expect(await page.getByRole('textbox', { name: 'Prompt' }).isVisible()).toBe(false)
  await expectAccessible(page)
  await row.getByRole('button', { name: 'Restore' }).click()
  await page.getByRole('button', { name: 'Undo' }).waitFor()
  expect(await row.count()).toBe(0)
  await page.keyboard.press('z')
  await row.waitFor()
  await expectLightboxOfTrash(page, newest)
  await expectPurgedToLeave(page, newest)
  const count = await page.getByRole('article').count()
  await page.getByRole('button', { name: 'Empty trash' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  expect(await page.getByRole('article').count()).toBe(count)
  await page.getByRole('button', { name: 'Empty trash' }).click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete permanently' }).click()
  await page.getByText('The trash is empty.').waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await expectAccessible(page)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

/** Opens an output of the trash: it can be restored there and nothing else is done to it. */
async function expectLightboxOfTrash(page: Page, number: number): Promise<void> {
  const row = page.getByRole('article').filter({ hasText: `No. ${number}:` })
  const requests: string[] = []
  page.on('request', request => request.method() !== 'GET' && requests.push(request.method()))
  await row.locator('[data-output-index]').first().click()
  const lightbox = page.locator('dialog.lightbox')
  await lightbox.getByRole('button', { name: 'Restore' }).waitFor()
  for (const name of ['Favourite', 'Use as reference', 'Delete this picture'])
    expect(await lightbox.getByRole('button', { name }).count()).toBe(0)
  for (const key of ['f', 'r', 'Delete']) await page.keyboard.press(key)
  await waitForFrames(page)
  expect([requests, await lightbox.count()]).toEqual([[], 1])
  await expectAccessible(page)
  await lightbox.getByRole('button', { name: 'Restore' }).click()
  await page.waitForFunction(
    left => !document.querySelector('dialog.lightbox')?.getAttribute('aria-label')?.includes(left),
    `No. ${number}:`,
  )
  await page.keyboard.press('Escape')
  await lightbox.waitFor({ state: 'detached' })
  expect(await row.count()).toBe(0)
  await page.keyboard.press('z')
  await row.waitFor()
}

/** Deletes generations permanently, as the studio does: they leave the open trash, and the lightbox, which gives its focus away. */
async function expectPurgedToLeave(page: Page, newest: number): Promise<void> {
  const rowOf = (number: number) => page.getByRole('article').filter({ hasText: `No. ${number}:` })
  await rowOf(newest - TRASHED).waitFor()
  await purge(newest - TRASHED)
  await rowOf(newest - TRASHED).waitFor({ state: 'detached' })
  await page.keyboard.press('/')
  await page.keyboard.type(`"No. ${newest}"`)
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelectorAll('article').length === 1)
  await rowOf(newest).locator('[data-output-index]').first().click()
  await page.locator('dialog.lightbox').waitFor()
  await purge(newest)
  await page.locator('dialog.lightbox').waitFor({ state: 'detached' })
  await page.getByText('Nothing found in the trash.').waitFor()
  await expectSearchFocused(page)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await rowOf(newest - 2 * TRASHED).waitFor()
  await expectSearchFocused(page)
  await page.keyboard.press('Enter')
}

async function purge(number: number): Promise<void> {
  const id = await seeded.history.findId(number)
  await seeded.history.updateGeneration(id, tx => purgeLocked(tx, [{ id, workspaceId: LOCAL_OWNER.workspaceId }]))
}

async function expectSearchFocused(page: Page): Promise<void> {
  await page.waitForFunction(() => document.activeElement?.matches('.search input'))
}

/** Gives generations the word, makes favourites, and moves some to the trash, 27 days ago. */
async function prepareLists(): Promise<void> {
  await seeded.history.updateGeneration(await seeded.history.findId(1), async tx => {
    await tx`
      create temporary table numbered on commit drop as
      select id, substring(prompt from 'No. ([0-9]+)')::int as number from generations`
    await tx`update generations set prompt = prompt || ' valley' where id in (select id from numbered where number % ${WORD} = 0)`
    await tx`
      update generation_outputs set favourite = true
      where index = 0 and generation_id in (select id from numbered where number % ${FAVOURITE} = ${FAVOURITE / 2})`
    await tx`
      update generations set deleted_at = now() - interval '27 days'
      where id in (select id from numbered where number % ${TRASHED} = 3)`
    await tx`
      select write_words(id), write_document(id) from numbered
      where number % ${WORD} = 0 or number % ${FAVOURITE} = ${FAVOURITE / 2} or number % ${TRASHED} = 3`
  })
}

async function setFavourite(id: string, favourite: boolean): Promise<void> {
  await seeded.history.updateGeneration(
    id,
    tx => tx`update generation_outputs set favourite = ${favourite} where generation_id = ${id} and index = 0`,
  )
}

/** Changes generations, and gives some of them the word. */
async function addWord(numbers: readonly number[], withWord: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const id = await seeded.history.findId(number)
    await seeded.history.updateGeneration(id, async tx => {
      if (!withWord.includes(number)) return
      await tx`update generations set prompt = prompt || ' valley' where id = ${id}`
      await tx`select write_words(${id})`
    })
  }
}

/** Scrolls up until an older page is requested, and asserts that nothing in view moves or is replaced when it arrives. */
async function expectOlderPageWithoutShift(page: Page): Promise<void> {
  const { isRequested, release } = await delayPages(page)
  for (let turn = 0; turn < 60 && !isRequested(); turn += 1) await scrollByWheel(page, -3_000)
  expect(isRequested()).toBe(true)
  await waitUntilSettled(page)
  await expectStillWhile(page, async height => {
    release()
    await page.waitForFunction(old => document.documentElement.scrollHeight !== old, height)
  })
  await page.unrouteAll({ behavior: 'wait' })
}

/** Asserts that the row being read neither moves nor is replaced while something happens, and that at most 20 rows are in the page. */
async function expectStillWhile(page: Page, act: (height: number) => Promise<void>): Promise<void> {
  const { height } = await getScroll(page)
  const stop = await startProbe(page, await findReadRow(page))
  await act(height)
  await waitForFrames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  expect(seen.maxRows).toBeLessThanOrEqual(20)
}

async function expectRows(page: Page, rows: Awaited<ReturnType<typeof listRowsInView>>): Promise<void> {
  await page.waitForFunction(
    id => document.querySelector(`article[data-generation-id="${id}"]`) !== null,
    rows[0]?.id ?? '',
  )
  await waitForFrames(page, 5)
  expect(await listRowsInView(page)).toEqual(rows)
}

async function expectNumbers(page: Page, isExpected: (number: number) => boolean): Promise<void> {
  await page.getByRole('article').first().waitFor()
  const numbers = (await listRowsInView(page)).map(({ number }) => number)
  expect(numbers.length).toBeGreaterThan(0)
  expect(numbers.filter(number => !isExpected(number))).toEqual([])
}

async function expectAtEnd(page: Page): Promise<void> {
  await waitForFrames(page, 5)
  const { top, end } = await getScroll(page)
  expect(end - top).toBeLessThanOrEqual(1)
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}
