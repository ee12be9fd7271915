import { Icon } from '../ui/icons.tsx'

const ACCEPTED_TYPES = 'image/png,image/jpeg,image/webp,image/avif,image/gif'

/** The button that opens the browser's file dialog. */
export function FilePicker(props: { onPick: (files: Iterable<File>) => void }) {
  let input: HTMLInputElement | undefined

  const onChange = () => {
    props.onPick(input?.files ?? [])
    // The same file can be picked again.
    if (input) input.value = ''
  }

  return (
    <>
      <button
        type="button"
        class="chip icon-only attach"
        aria-label="Attach reference pictures"
        title="Attach reference pictures"
        onClick={() => input?.click()}
      >
        <Icon name="attach" />
      </button>
      <input
        ref={input}
        class="unseen"
        type="file"
        accept={ACCEPTED_TYPES}
        multiple
        tabIndex={-1}
        aria-hidden="true"
        onChange={onChange}
      />
    </>
  )
}
