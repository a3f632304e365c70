#!/usr/bin/python3
"""Measures how often `tbft diagnose` names the level correctly, over drifts of every level and several samples of each.

diagnosis_benchmark.py --tbft build/release/harness/tbft --checkpoint BASE.pth --images cifar10/test --pairs PAIRS.pth -o OUT

BASE knows the ten classes of CIFAR-10, PAIRS only the source side of cifar10-pairs (tbft pretrain --dataset
'cifar10-pairs:imagefolder:cifar10/train?part=source' --recipe short ...). --images has one folder for each class, with images on which neither
was trained. The first TARGET images of each class belong to the target, the others to the source. Level recall counts
drifts that cost at least 5 points. Mixtures, other kinds of drift and poor samples are shown separately. OUT keeps every
answer (answers.jsonl).
"""
import argparse, collections, json, os, random, shutil, subprocess
import numpy as np

PAIRS = [('cat', 'dog'), ('automobile', 'truck'), ('deer', 'horse'), ('airplane', 'ship')]
MIN_COST = 0.05

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--tbft', required=True)
parser.add_argument('--checkpoint', required=True)
parser.add_argument('--images', required=True)
parser.add_argument('--pairs', help='without it no feature level is tested')
parser.add_argument('--samples', type=int, default=5)
parser.add_argument('--undrifted', type=int, default=40, help='samples of undrifted data')
parser.add_argument('--n', type=int, default=100)
parser.add_argument('--target', type=int, default=400, help='images a class')
parser.add_argument('--severities', default='5,3', help='of the corruptions; mixtures take the first')
parser.add_argument('--seed', type=int, default=1, help='of renamings, swaps and wrong labels')
parser.add_argument('--threads', default='0')
parser.add_argument('-o', required=True)
args = parser.parse_args()
classes = sorted(os.listdir(args.images))
files = {c: [os.path.abspath(os.path.join(args.images, c, f)) for f in sorted(os.listdir(os.path.join(args.images, c)))] for c in classes}
target = {c: files[c][:args.target] for c in classes}
source = {c: files[c][args.target:] for c in classes}
os.makedirs(args.o, exist_ok=True)


def folder(name, by_label):
    """An image folder of links; by_label: a list of files for each label."""
    path = os.path.join(args.o, name)
    if not os.path.isdir(path):
        shutil.rmtree(path + '.part', ignore_errors=True)  # left by a run that was stopped here
        for label, paths in enumerate(by_label):
            os.makedirs(os.path.join(path + '.part', str(label)))
            for i, p in enumerate(paths):
                os.symlink(p, os.path.join(path + '.part', str(label), f'{i:04}{os.path.splitext(p)[1]}'))
        os.rename(path + '.part', path)
    return 'imagefolder:' + path


def tbft(*words):
    return subprocess.run([args.tbft, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def reference(checkpoint, by_label, name):
    path = os.path.join(args.o, name + '.json')
    if not os.path.exists(path):
        tbft('diagnose', '--checkpoint', checkpoint, '--source', folder(name, by_label), '--save-reference', path, '--n', str(args.n),
             '--threads', args.threads)
    return checkpoint, path


answers = []
log = open(os.path.join(args.o, 'answers.jsonl'), 'w')


def ask(base, level, drift, dataset, samples=args.samples, n=args.n):
    checkpoint, path = base
    lines = tbft('diagnose', '--checkpoint', checkpoint, '--reference', path, '--dataset', dataset, '--samples', str(samples), '--n', str(n),
                 '--json', '--threads', args.threads).splitlines()
    found = [json.loads(line) for line in lines]
    for answer in found:
        answers.append(dict(answer, truth=level, drift=drift, base=checkpoint))
        log.write(json.dumps(answers[-1]) + '\n')
    log.flush()
    named = collections.Counter(a['level'] for a in found)
    accuracy = [a['evidence']['accuracy']['value'] for a in found if a['evidence']]
    print(f'{level:9} {drift:32} accuracy {np.mean(accuracy) if accuracy else float("nan"):.2f}  '
          + ', '.join(f'{k} {v}' for k, v in named.most_common()), flush=True)


def renamed(names):  # names[class index] = its label now; several classes may share one
    return [sum((target[c] for c, label in zip(classes, names) if label == k), []) for k in range(len(classes))]


rng = random.Random(args.seed)
severities = args.severities.split(',')
base = reference(args.checkpoint, [source[c] for c in classes], 'source')
clean = folder('target', [target[c] for c in classes])
ask(base, 'none', 'undrifted', clean, args.undrifted)

corrupted = os.path.join(args.o, 'corrupted')
if not os.path.exists(os.path.join(corrupted, 'corruptions.json')):
    tbft('data', 'corrupt', '--dataset', clean + '?limit=100', '--corruptions', 'all', '--severities', ','.join(sorted(severities)), '--seed', '0', '-o', corrupted)
corruptions = [f[:-4] for f in sorted(os.listdir(corrupted)) if f.endswith('.npy') and f != 'labels.npy']
for severity in severities:
    for c in corruptions:
        ask(base, 'input', f'{c}-{severity}', f'cifar10-c-like:{corrupted}?condition={c}-{severity}')

k = len(classes)
same = list(range(k))
shuffled = [rng.sample(same, k) for _ in range(3)]
swaps = [rng.sample(same, 2) for _ in range(4)]
outputs = {'flip': same[::-1], 'successor': same[1:] + same[:1], **{f'permutation-{i}': p for i, p in enumerate(shuffled)}}
for a, b in swaps:
    outputs[f'swap-{classes[a]}-{classes[b]}'] = [b if c == a else a if c == b else c for c in same]
for name, names in outputs.items():
    ask(base, 'output', name, folder(name, renamed(names)))

if args.pairs:
    pairs = reference(args.pairs, [source[s] for s, _ in PAIRS], 'pairs-source')
    ask(pairs, 'none', 'undrifted, four classes', folder('pairs-target', [target[s] for s, _ in PAIRS]), args.undrifted)
    for mask in range(1, 16):
        new = [bool(mask >> i & 1) for i in range(4)]
        name = '+'.join(t for (_, t), is_new in zip(PAIRS, new) if is_new)
        ask(pairs, 'feature', name, folder('pairs-' + name, [target[t if is_new else s] for (s, t), is_new in zip(PAIRS, new)]))

# Outside the score: mixtures, kinds of drift for which the diagnosis was not designed, poor samples.
for c, names in (('gaussian_noise', 'flip'), ('fog', 'permutation-0'), ('defocus_blur', 'permutation-1'), ('frost', 'successor')):
    path = os.path.join(args.o, f'{c}-{names}')
    os.makedirs(path, exist_ok=True)
    for f in (f'{c}.npy', 'corruptions.json'):
        if not os.path.lexists(os.path.join(path, f)):
            os.symlink(os.path.abspath(os.path.join(corrupted, f)), os.path.join(path, f))
    np.save(os.path.join(path, 'labels.npy'), np.array(outputs[names], np.uint8)[np.load(os.path.join(corrupted, 'labels.npy'))])
    ask(base, 'mixture', f'{c}-{severities[0]}, {names}', f'cifar10-c-like:{path}?condition={c}-{severities[0]}')


for drift in ('rotation-30', 'hue-90', 'merged-3'):
    ask(base, 'unseen', drift, f'drifted:{clean}?condition={drift}')
noisy = [[] for _ in classes]
for label, c in enumerate(classes):
    for f in target[c]:
        noisy[rng.randrange(k) if rng.random() < 0.2 else label].append(f)
ask(base, 'poor', '20 % wrong labels', folder('noisy', noisy))
ask(base, 'poor', 'a class missing', folder('missing', [target[c] for c in classes[:-1]] ))
ask(base, 'poor', '10 images', clean, n=10)
ask(base, 'poor', '30 images', clean, n=30)
ask(base, 'poor', 'one class alone', folder('single', [target[classes[0]]]))


def mean_accuracy(chosen):
    return np.mean([a['evidence']['accuracy']['value'] for a in chosen])


by_drift = collections.defaultdict(list)
for a in answers:
    by_drift[a['base'], a['truth'], a['drift']].append(a)
undrifted = {b: mean_accuracy(v) for (b, truth, _), v in by_drift.items() if truth == 'none'}
scored = {key: v for key, v in by_drift.items()
          if key[1] == 'none' or key[1] in ('input', 'feature', 'output') and undrifted[key[0]] - mean_accuracy(v) >= MIN_COST}
levels = ['none', 'input', 'feature', 'output', 'mixture', 'unsure']
print(f'\n{"drift":9} drifts samples  ' + ' '.join(f'{name:>8}' for name in levels) + '   recall %')
recalls = []
for truth in levels[:4]:
    drifts = [v for key, v in scored.items() if key[1] == truth]
    named = collections.Counter(a['level'] for v in drifts for a in v)
    total = sum(named.values())
    if total:
        recalls.append(100 * named[truth] / total)
        print(f'{truth:9} {len(drifts):6} {total:7}  ' + ' '.join(f'{named[name]:8}' for name in levels) + f'   {recalls[-1]:.1f}')
print(f'mean recall {np.mean(recalls):.1f} % over {len(recalls)} levels; lowest {min(recalls):.1f} %')
none = [a['level'] for key, v in scored.items() if key[1] == 'none' for a in v]
print(f'false alarms: {100 * sum(x not in ("none", "unsure") for x in none) / len(none):.1f} % of {len(none)} undrifted samples'
      f' (unsure: {100 * none.count("unsure") / len(none):.1f} %)')
