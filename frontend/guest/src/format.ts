export function number(code: string, value: number, digits: number): string {
  return new Intl.NumberFormat(code, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** At most as many digits as are needed, for limits. */
export function amount(code: string, value: number): string {
  return new Intl.NumberFormat(code, { maximumFractionDigits: 1 }).format(value);
}

export function moment(code: string, iso: string): string {
  return new Intl.DateTimeFormat(code, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function clock(code: string, iso: string): string {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return today ? new Intl.DateTimeFormat(code, { timeStyle: "short" }).format(at) : moment(code, iso);
}
