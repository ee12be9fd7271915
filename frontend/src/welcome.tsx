import { For, type JSX } from 'solid-js'
import { Icon } from './ui/icons.tsx'

const SUGGESTED_PROMPTS = [
  'a paper boat on a black lake, first light, mist',
  'terraced hills under a copper sky, seen from very far away',
  'winter orchard in fog, one lamp lit in the farmhouse',
]

/** The page of an empty studio, with prompts to begin with. */
export function Welcome(props: { onSuggestion: (prompt: string) => void }) {
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
              <button type="button" class="suggestion" onClick={() => props.onSuggestion(prompt)}>
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

/** The message while the first page is read. The style sheet shows it after a moment only. */
export function Loading() {
  return (
    <Centered>
      <p class="late-notice" role="status">
        Loading your pictures…
      </p>
    </Centered>
  )
}

/** The message if the first page cannot be read. */
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
