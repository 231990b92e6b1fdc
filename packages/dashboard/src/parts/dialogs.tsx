import { type ReactNode, useEffect, useRef } from 'react'

interface ModalProps {
  readonly label: string
  readonly close: () => void
  readonly wide?: boolean
  readonly children: ReactNode
}

export function Modal({ label, close, wide = false, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      aria-label={label}
      onClose={close}
      // Beside the dialog: what is clicked is the dialog itself, its backdrop.
      onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
      className={`overflow-hidden rounded-xl border border-line bg-panel p-0 shadow-2xl ${wide ? 'w-[min(820px,94vw)]' : 'w-[min(640px,94vw)]'}`}
    >
      {children}
    </dialog>
  )
}

const signs: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Enter: '↵',
}
export const keyName = (keys: string): string => signs[keys] ?? keys.replace('mod+', 'Ctrl/⌘ ')
