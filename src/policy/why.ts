/** `explain --why`: one question, one answer. */
import type { Answer, Subject } from './answer.js';
import { PolicyError } from './errors.js';
import { meantOr } from './hint.js';
import type { PathAccess } from './policy.js';
import { readQuestion } from './question.js';
import { whyCall } from './why-call.js';
import { PATH_USES, whyPath } from './why-path.js';
import { whyPort } from './why-port.js';

/**
 * Whether the policy allows what `asked` names, by which rule, and what would.
 * `access` narrows a question about a path to one use of it.
 *
 * @throws {PolicyError} POLICY_QUESTION
 */
export function answerWhy(subject: Subject, asked: string, access?: string): Answer {
  const question = readQuestion(asked);
  if (access !== undefined && question.kind !== 'path')
    throw new PolicyError('POLICY_QUESTION', '--access belongs to a path', {
      hint: 'leave it out, or ask about a path',
    });
  switch (question.kind) {
    case 'call':
      return whyCall(subject, question);
    case 'path':
      return whyPath(subject, question.path, access === undefined ? undefined : [useOf(access)]);
    case 'port':
      return whyPort(subject, question);
  }
}

function useOf(access: string): PathAccess {
  const use = PATH_USES.find((one) => one === access);
  if (use !== undefined) return use;
  throw new PolicyError('POLICY_QUESTION', `--access: "${access.slice(0, 40)}" is no way to use a path`, {
    hint: meantOr(access, PATH_USES),
  });
}
