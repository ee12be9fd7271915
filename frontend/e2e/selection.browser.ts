import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Download, Page } from 'playwright-core'
import { createAxe } from './axe.ts'
import { getScroll } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 10_000
/** The generations of the search: 47, of one to four outputs. The newest forty of them have a hundred outputs. */
const FOUND = { from: 5_010, to: 5_056 }
const SIZES = { all: '47 generations · 118 pictures', downloaded: '40 generations · 100 pictures' }

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
  await giveWord()
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('100 pictures of a search are selected by keys alone, downloaded as a ZIP, and the rest is deleted with one undo', async () => {
  const { page, pageErrors } = await seeded.open()
  const keys = createKeyCounter(page)

  await keys.press('/')
  await keys.type('valley')
  await keys.press('Enter')
  await page.getByText(SIZES.all).waitFor()
  await page.getByText(`No. ${FOUND.to}:`).waitFor()

  await keys.press('j')
  await waitForFocus(page, FOUND.to)
  await keys.press('x')
  await page.getByText('1 selected').waitFor()
  const { height } = await getScroll(page)
  for (let number = FOUND.to - 1; number > FOUND.to - 40; number -= 1) {
    await keys.press('k')
    await waitForFocus(page, number)
  }
  await keys.press('Shift+X')
  await page.getByText('100 selected').waitFor()
  expect((await getScroll(page)).height).toBe(height)
  expect(await page.getByRole('article').count()).toBeLessThanOrEqual(20)
  await expectAccessible(page)

  const [download] = await Promise.all([page.waitForEvent('download'), keys.press('d')])
  await page.getByText('Downloaded').waitFor()
  // A file of each picture, and the manifest.
  expect(await countZipEntries(download)).toBe(101)

  await keys.press('i')
  await page.getByText('18 selected').waitFor()
  await keys.press('Delete')
  await page.getByText('18 pictures deleted.').waitFor()
  await page.getByText(SIZES.downloaded).waitFor()
  expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(1)
  await keys.press('z')
  await page.getByText('Undone.').waitFor()
  await page.getByText(SIZES.all).waitFor()
  expect(keys.count()).toBe(54)
  expect(pageErrors).toEqual([])
})

test('an Undo while a deletion is on its way takes that back, and not the one before', async () => {
  const { page } = await seeded.open()
  const rowOf = (number: number) => page.getByRole('article').filter({ hasText: `No. ${number}:` })
  const newest = rowOf(COUNT).locator('[data-output-index]')
  await removeRow(page, COUNT - 1)
  await page.getByRole('button', { name: 'Undo' }).waitFor()
  const released = Promise.withResolvers<void>()
  await page.route('**/api/generate/**', async route => {
    if (route.request().method() === 'DELETE') await released.promise
    await route.continue()
  })
  await removeRow(page, COUNT)
  await newest.waitFor({ state: 'detached' })
  await page.keyboard.press('z')
  released.resolve()
  await newest.first().waitFor()
  expect(await rowOf(COUNT - 1).count()).toBe(0)
  await page.keyboard.press('z')
  await rowOf(COUNT - 1).waitFor()
})

test('keys that are pressed faster than rows are rendered each act on the row that they lead to', async () => {
  const { page } = await seeded.open()
  await page.getByRole('article').last().locator('[data-output-index]').first().focus()
  await waitForFocus(page, COUNT)
  await page.evaluate(
    keys => {
      for (const key of keys)
        document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
    },
    [...'k'.repeat(30), 'x'],
  )
  await waitForFocus(page, COUNT - 30)
  const selected = page.locator('article').filter({ has: page.locator('[data-selected="true"]') })
  expect(await selected.allInnerTexts()).toEqual([expect.stringContaining(`No. ${COUNT - 30}:`)])
  await page.context().close()
})

/** Deletes a row by its menu. */
async function removeRow(page: Page, number: number): Promise<void> {
  await page.getByRole('button', { name: `More actions: No. ${number}:` }).click()
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
}

/** Gives generations the word that is searched. */
async function giveWord(): Promise<void> {
  const { history } = seeded
  await history.updateGeneration(await history.findId(1), async tx => {
    await tx`
      create temporary table found on commit drop as
      select id from generations where substring(prompt from 'No. ([0-9]+)')::int between ${FOUND.from} and ${FOUND.to}`
    await tx`update generations set prompt = prompt || ' valley' where id in (select id from found)`
    await tx`select write_words(id), write_document(id) from found`
  })
}

/** Presses keys, and counts them. */
function createKeyCounter(page: Page) {
  let count = 0
  const press = async (key: string) => {
    count += 1
    await page.keyboard.press(key)
  }
  return {
    count: () => count,
    press,
    type: async (text: string) => {
      count += text.length
      await page.keyboard.type(text)
    },
  }
}

async function waitForFocus(page: Page, number: number): Promise<void> {
  await page.waitForFunction(
    text => document.activeElement?.closest('article')?.textContent?.includes(text) ?? false,
    `No. ${number}:`,
  )
}

/** Counts the entries of a ZIP by its end record. @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
async function countZipEntries(download: Download): Promise<number> {
  const file = Buffer.from(await Bun.file(await download.path()).arrayBuffer())
  const end = file.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  return file.readUInt16LE(end + 10)
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}
