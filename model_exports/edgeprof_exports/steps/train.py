"""Step `train`: the network on the training images, every source of chance seeded."""

from pathlib import Path

from edgeprof_exports.steps import digits, network

EPOCHS = 20
BATCH_IMAGES = 64
PEAK_RATE = 4e-3
LABEL_SMOOTHING = 0.05


def run(folder: Path) -> None:
    """Writes the trained weights into `folder`."""
    torch = network.torch()
    split = digits.load()
    images, labels = torch.from_numpy(split.train_images), torch.from_numpy(split.train_labels)
    torch.manual_seed(digits.SEED)
    net = network.untrained()
    batches = -(-len(images) // BATCH_IMAGES)
    optimizer = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=EPOCHS * batches)
    order = torch.Generator().manual_seed(digits.SEED)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=order).split(BATCH_IMAGES):
            optimizer.zero_grad()
            scores = net(images[batch])
            torch.nn.functional.cross_entropy(scores, labels[batch], label_smoothing=LABEL_SMOOTHING).backward()
            optimizer.step()
            schedule.step()
    network.save(net, folder)
