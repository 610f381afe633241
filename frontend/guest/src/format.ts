/** The guest's own way to write dates where the page speaks the guest's own language: en-GB writes them as en-US does not. */
function place(code: string): string {
  return navigator.languages.find((wanted) => wanted === code || wanted.startsWith(`${code}-`)) ?? code;
}

export function number(code: string, value: number, digits: number): string {
  return new Intl.NumberFormat(place(code), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** At most as many digits as are needed, for limits. */
export function amount(code: string, value: number): string {
  return new Intl.NumberFormat(place(code), { maximumFractionDigits: 1 }).format(value);
}

export function moment(code: string, iso: string): string {
  return new Intl.DateTimeFormat(place(code), { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function clock(code: string, iso: string): string {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return today ? timeOfDay(code, iso) : moment(code, iso);
}

export function timeOfDay(code: string, iso: string): string {
  return new Intl.DateTimeFormat(place(code), { timeStyle: "short" }).format(new Date(iso));
}
