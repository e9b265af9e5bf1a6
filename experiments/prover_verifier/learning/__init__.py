"""What learners of several games share: rewards and policy gradients."""
