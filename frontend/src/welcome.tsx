import { For, type JSX } from 'solid-js'
import type { Studio } from './studio.ts'
import { Icon } from './ui/icons.tsx'

const SUGGESTED_PROMPTS = [
  'a paper boat on a black lake, first light, mist',
  'terraced hills under a copper sky, seen from very far away',
  'winter orchard in fog, one lamp lit in the farmhouse',
]

/** What a studio shows in which nothing has been made yet. */
export function Welcome(props: { studio: Studio }) {
  const useSuggestion = (prompt: string) => {
    props.studio.composing.setDraft('prompt', prompt)
    props.studio.focusPrompt()
  }
  return (
    <Centered>
      <h2>Nothing has been made here yet.</h2>
      <p>
        Write what you want to see, add pictures as references if you have some, and generate. Or begin with one of
        these:
      </p>
      <ul class="suggestions">
        <For each={SUGGESTED_PROMPTS}>
          {prompt => (
            <li>
              <button type="button" class="suggestion" onClick={() => useSuggestion(prompt)}>
                <Icon name="next" />
                <span>{prompt}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </Centered>
  )
}

/** What is shown if the first page takes long enough to be noticed. */
export function Loading() {
  return (
    <Centered>
      <p class="late-notice" role="status">
        Loading your pictures…
      </p>
    </Centered>
  )
}

/** What is shown if the first page cannot be read. */
export function LoadFailed(props: { problem: string | null; onRetry: () => void }) {
  return (
    <Centered>
      <h2>Your pictures cannot be shown right now.</h2>
      <p role="alert">{props.problem}</p>
      <button type="button" class="solid" onClick={() => props.onRetry()}>
        Try again
      </button>
    </Centered>
  )
}

function Centered(props: { children: JSX.Element }) {
  return <section class="centred">{props.children}</section>
}
