/**
 * What the older of Anthropic's models cannot do. Names that are not known here are taken for newer ones.
 * Source: https://platform.claude.com/docs/en/about-claude/models/overview
 */
interface Family {
  readonly names: RegExp;
  /** The API refuses a higher limit. */
  readonly maxOutputTokens: number;
  /** The API can hold its answers to a JSON schema. */
  readonly takesFormat: boolean;
}

/** All of them take a token budget for thinking; later ones decide themselves, guided by an effort. The first that fits counts. */
const FAMILIES: readonly Family[] = [
  {
    names: /^claude-(2|instant|3-(opus|sonnet|haiku))/,
    maxOutputTokens: 4_096,
    takesFormat: false,
  },
  { names: /^claude-3-5/, maxOutputTokens: 8_192, takesFormat: false },
  { names: /^claude-(3|sonnet-4(-0)?(-\d{8})?(@|$))/, maxOutputTokens: 64_000, takesFormat: false },
  { names: /^claude-opus-4(-0)?(-\d{8})?(@|$)/, maxOutputTokens: 32_000, takesFormat: false },
  { names: /^claude-opus-4-[1-4](-\d{8})?(@|$)/, maxOutputTokens: 32_000, takesFormat: true },
  {
    names: /^claude-(opus|sonnet|haiku)-4-[1-5](-\d{8})?(@|$)/,
    maxOutputTokens: 64_000,
    takesFormat: true,
  },
];

const familyOf = (modelName: string): Family | undefined =>
  FAMILIES.find(({ names }) => names.test(modelName));

export const takesThinkingBudget = (modelName: string): boolean => familyOf(modelName) !== undefined;

export const takesResponseFormat = (modelName: string): boolean => familyOf(modelName)?.takesFormat ?? true;

/** Infinity where it is not known. */
export const maxOutputTokensOf = (modelName: string): number =>
  familyOf(modelName)?.maxOutputTokens ?? Infinity;
